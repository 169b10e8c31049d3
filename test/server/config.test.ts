/** What is said of settings that cannot be used: which, why, and what would be right; never a stack. */
import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { readConfig } from '../../server/config.ts'
import { settingsOf } from '../../server/settings.ts'
import { temporaryFolder } from '../support/folders.ts'

async function environment(t: TestContext) {
  const folder = await temporaryFolder(t)
  return { folder, env: { AIRLOCK_ROOT: join(folder, 'root'), AIRLOCK_STATE: join(folder, 'state') } }
}

test('a level of the log is one of those that there are; an empty one is not set', async (t) => {
  const { folder, env } = await environment(t)
  assert.equal(readConfig(env, folder).logLevel, 'info')
  assert.equal(readConfig({ ...env, AIRLOCK_LOG: ' ' }, folder).logLevel, 'info')
  assert.equal(readConfig({ ...env, AIRLOCK_LOG: 'debug' }, folder).logLevel, 'debug')
  const shown = settingsOf({ ...env, AIRLOCK_LOG: '' }, folder).find(({ name }) => name === 'AIRLOCK_LOG')
  assert.deepEqual([shown?.value, shown?.source], ['info', { kind: 'default' }])
  assert.throws(() => readConfig({ ...env, AIRLOCK_LOG: 'verbose' }, folder), {
    code: 'setting-invalid',
    fields: {
      name: 'AIRLOCK_LOG',
      value: 'verbose',
      reason: { en: 'there is no such level', zh: '没有该级别' },
      expected: { en: 'Write one of debug, info, warn, error.', zh: '请写 debug、info、warn、error 之一。' },
    },
  })
})

test('a configuration file that cannot be read is named', async (t) => {
  const { folder, env } = await environment(t)
  const file = join(folder, 'airlock.yaml')
  await mkdir(file)
  for (const more of [{}, { AIRLOCK_CONFIG: file }])
    assert.throws(
      () => readConfig({ ...env, ...more }, folder),
      ({ code, fields }) => code === 'setting-invalid' && fields.value === file && fields.reason === 'EISDIR',
    )
})
