/** How what was asked for imports, on its page, without anybody reloading it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startAirlock } from '../support/airlock.ts'
import { startIndex } from '../support/index.ts'
import { makeWheel } from '../support/wheels.ts'
import { openPage, startBrowser } from './browser.ts'

test('a ready request says after a while how it imports, as text', async (t) => {
  const index = await startIndex()
  t.after(() => index.close())
  const airlock = await startAirlock({ index: index.url, config: { imports: '200 MB' } })
  t.after(() => airlock.close())
  const browser = await startBrowser()
  t.after(() => browser.close())
  const code = 'import time; time.sleep(4)\nraise ValueError("<img src=x onerror=window.ran=1>")\n'
  index.add(makeWheel({ name: 'slow', version: '1.0', files: { 'slow/__init__.py': code } }))
  const { id } = await airlock.ready((await airlock.ask('slow')).id)
  const { page, problems } = await openPage(browser, `${airlock.consoleUrl}/requests/${id}`)
  await page.waitForSelector('table.closure')
  assert.doesNotMatch(await page.innerText('main'), /slow cannot be imported/)
  await page.waitForSelector('text=slow installs, but slow cannot be imported here: ValueError: <img')
  assert.equal(await page.evaluate('window.ran'), undefined)
  assert.deepEqual(problems, [])
})
