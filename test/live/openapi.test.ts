/** Nothing answers outside what `/api/openapi.json` says: schemathesis asks, with a fixed seed and bounded examples. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { startAirlock } from '../support/airlock.ts'
import { hostPython } from '../support/clients.ts'
import { temporaryFolder } from '../support/folders.ts'
import { startIndex } from '../support/index.ts'
import { makeWheel } from '../support/wheels.ts'

const run = promisify(execFile)

/** What every answer is held to. Which inputs are refused is the grammar's business, which no schema describes whole. */
const checks = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_schema_conformance',
]

test('schemathesis finds no response outside the API’s own description', { timeout: 300_000 }, async (t) => {
  const folder = await temporaryFolder(t)
  const index = await startIndex()
  index.add(makeWheel({ name: 'widget', version: '1.0' }))
  const airlock = await startAirlock({ index: index.url, live: true })
  t.after(async () => {
    await airlock.close()
    await index.close()
  })
  await airlock.ready((await airlock.ask('widget')).id)
  const environment = join(folder, 'env')
  await run(hostPython().path, ['-m', 'venv', environment])
  await run(join(environment, 'bin/pip'), ['install', '--quiet', 'schemathesis==4.*'])
  const { stdout } = await run(
    join(environment, 'bin/schemathesis'),
    [
      'run',
      `${airlock.consoleUrl}/api/openapi.json`,
      '--phases=examples,fuzzing',
      `--checks=${checks.join(',')}`,
      // streams do not end; maintenance and previews are slow under a fuzzer
      '--exclude-path-regex=events$|maintenance|closures|readyz',
      '--seed=1',
      '--max-examples=25',
      '--request-timeout=20',
      '--generation-deterministic',
    ],
    { cwd: folder, maxBuffer: 16 << 20 },
  ).catch((error: { stdout: string }) => assert.fail(error.stdout))
  t.diagnostic(stdout.trim().split('\n').slice(-3).join(' '))
})
