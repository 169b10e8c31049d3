import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aptTargetOfPod } from '../../server/apt/pod.ts'
import { parseSources } from '../../server/apt/sources.ts'
import { AirlockError } from '../../server/errors.ts'
import { readPodDescription } from '../../server/pod-description.ts'
import { describePod, system } from '../support/description.ts'
import { ownTime } from '../support/own-time.ts'

const archives = parseSources('deb http://archive.example/debian stable main', 'x').sources
const read = (uri: string) =>
  aptTargetOfPod('pod', readPodDescription(describePod(...system, ['apt-sources /s', [`deb ${uri} stable main`]])), {
    archives,
    keyrings: [],
  })

test('what is left of credentials is dropped whole, an @ within a password too, and no refusal shows it', () => {
  assert.deepEqual(read('http://lin:p@ssW0rd@archive.example/debian')?.sources[0]?.uris, [
    'http://archive.example/debian',
  ])
  assert.throws(
    () => read('ftp://lin:p@ssW0rd@archive.example/debian'),
    (error) => error instanceof AirlockError && !JSON.stringify(error.fields).includes('ssW0rd'),
  )
})

test('an address of many slashes costs what its length costs', () => {
  const began = ownTime()
  assert.throws(() => read(`http://archive.example/${'/'.repeat(100_000)}x`), AirlockError)
  assert.ok(ownTime() - began < 5000)
})
