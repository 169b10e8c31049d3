import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMetricsListener } from '../../server/metrics-listener.ts'

test('a scrape whose figures cannot be collected is answered 500 and heard of, and the next one is answered', async (t) => {
  const heard: unknown[] = []
  const failure = new Error('the database is closed')
  let isBroken = true
  const listener = createMetricsListener(
    async () => {
      if (isBroken) throw failure
      return 'up 1\n'
    },
    (error) => heard.push(error),
  )
  t.after(() => listener.close())
  const url = `http://127.0.0.1:${await listener.listen(0, '127.0.0.1')}/metrics`
  assert.equal((await fetch(url)).status, 500)
  assert.deepEqual(heard, [failure])
  isBroken = false
  const told = await fetch(url)
  assert.equal(told.status, 200)
  assert.equal(await told.text(), 'up 1\n')
  assert.deepEqual(heard, [failure])
})
