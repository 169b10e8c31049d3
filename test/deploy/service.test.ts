/** deploy/airlock.service by systemd's own judgement: understood to the last line, and with few rights left. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { temporaryFolder } from '../support/folders.ts'

const execute = promisify(execFile)
const project = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

let unit: string
before(async () => {
  unit = await readFile(join(project, 'deploy/airlock.service'), 'utf8')
})

type Said = { readonly status: number; readonly said: string }

/** `systemd-analyze` on a unit of this text, as if it were installed with the project where it is here. */
async function analyze(t: TestContext, text: string, ...args: readonly string[]): Promise<Said> {
  const file = join(await temporaryFolder(t), 'airlock.service')
  await writeFile(file, text.replaceAll('/opt/airlock/', `${project}/`))
  const env = { PATH: process.env['PATH'], LANG: 'C.UTF-8' }
  return execute('systemd-analyze', [...args, file], { env }).then(
    ({ stdout, stderr }) => ({ status: 0, said: stdout + stderr }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
      status: code,
      said: stdout + stderr,
    }),
  )
}

/** systemd's own measure: 10 is a service that may do everything. */
async function exposureOf(t: TestContext, text: string): Promise<number> {
  const { said } = await analyze(t, text, 'security', '--offline=true', '--threshold=100', '--no-pager')
  const [, level] = /Overall exposure level for \S+: ([\d.]+)/.exec(said) ?? []
  assert.ok(level, said)
  return Number(level)
}

test('systemd understands every line', async (t) => {
  assert.deepEqual(await analyze(t, unit, 'verify', '--man=no'), { status: 0, said: '' })
  const { said } = await analyze(t, unit.replace('ProtectClock=', 'ProtectTheClock='), 'verify', '--man=no')
  assert.match(said, /Unknown key .*'ProtectTheClock'/)
})

test('systemd counts its exposure as low, and notices when hardening goes', async (t) => {
  const level = await exposureOf(t, unit)
  assert.ok(level <= 1.5, String(level))
  for (const line of [
    'NoNewPrivileges=yes',
    'ProtectSystem=strict',
    'PrivateDevices=yes',
    'SystemCallFilter=@system-service',
  ])
    assert.ok((await exposureOf(t, unit.replace(`\n${line}\n`, '\n'))) > level, line)
})

test('it restarts after a death and not where a person is wanted', () => {
  assert.match(unit, /^Restart=on-failure$/m)
  // server/main.ts: a wrong setting, a state that another one owns
  assert.match(unit, /^RestartPreventExitStatus=2 3$/m)
})
