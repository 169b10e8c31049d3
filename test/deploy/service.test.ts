/** deploy/airlock.service by systemd's own judgement: understood to the last line, and with few rights left. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startAirlock } from '../support/airlock.ts'
import { startArchive } from '../support/archive.ts'
import { temporaryFolder } from '../support/folders.ts'
import { startIndex } from '../support/index.ts'
import { makeWheel } from '../support/wheels.ts'

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

/** The calls that a line of SystemCallFilter names, groups opened. */
async function callsOf(words: readonly string[]): Promise<Set<string>> {
  const { stdout } = await execute('systemd-analyze', ['--no-pager', 'syscall-filter', ...words])
  const lines = stdout.split('\n').map((line) => line.trim())
  const inner = lines.filter((line) => line.startsWith('@') && !words.includes(line))
  const calls = lines.filter((line) => /^[a-z0-9_]+$/.test(line))
  return new Set([...calls, ...(inner.length > 0 ? await callsOf(inner) : [])])
}

/**
 * Call → one line of a trace that makes it, from where Node itself begins. Without what happens in new namespaces: the unit
 * lets nobody make one (RestrictNamespaces), so the sandbox is off there, which Airlock says at its start.
 */
function callsIn(trace: readonly string[]): Map<string, string> {
  const begun = trace.findIndex((line) => line.includes(`execve("${process.execPath}"`))
  assert.ok(begun >= 0)
  const made = new Map<string, string>()
  const inside = new Set<string>()
  /** Those that have begun to make a namespace and do not know yet for whom. */
  const making = new Set<string>()
  for (const line of trace.slice(begun)) {
    const [, pid = '', call = ''] = /^(\d+) +(?:<\.\.\. )?(\w+)(?:\(| resumed)/.exec(line) ?? []
    const makes = line.includes('CLONE_NEW') || making.delete(pid)
    if (makes && line.includes('<unfinished')) making.add(pid)
    if (makes || inside.has(pid)) inside.add((/clone|fork/.test(call) && / = (\d{2,})$/.exec(line)?.[1]) || pid)
    else if (call !== '') made.set(call, line)
  }
  return made
}

test(
  'a server that fulfils requests for pip and for apt makes no call that the unit refuses',
  { timeout: 400_000 },
  async (t) => {
    const index = await startIndex()
    const archive = await startArchive()
    t.after(() => Promise.all([index.close(), archive.close()]))
    index.add(makeWheel({ name: 'widget', version: '1.0' }))
    await archive.add({ name: 'jq' })
    const apt = { sources: [archive.sources], architectures: ['amd64'], status: 'none' }
    const airlock = await startAirlock({ index: index.url, config: { targets: { default: { apt } } } })
    t.after(() => airlock.close())
    await airlock.stop()
    const trace = join(await temporaryFolder(t), 'trace')
    // as a user without rights, who may yet read this project wherever it lies
    const nobody = ['unshare', '--user', '--map-user=10001', '--map-group=10001', '--']
    await airlock.start({ before: ['strace', '-D', '-f', '-qq', '-o', trace, ...nobody] })
    await airlock.ready((await airlock.ask('widget')).id)
    const [request] = await airlock.askFor({ ecosystem: 'apt', requirements: ['jq'] })
    await airlock.ready(request!.id)
    await airlock.stop()

    // the first line makes it a list of what is allowed; each further one adds or, with ~, takes away
    let allowed = await callsOf(['@default'])
    for (const [, not, words] of unit.matchAll(/^SystemCallFilter=(~?)(.+)$/gm)) {
      const calls = words!.startsWith('@') ? await callsOf([words!]) : new Set(words!.split(' '))
      allowed = not ? allowed.difference(calls) : allowed.union(calls)
    }
    const text = await readFile(trace, 'latin1')
    const made = callsIn(text.split('\n'))
    assert.ok(made.size > 60 && made.has('execve') && made.has('connect'), [...made.keys()].join(' '))
    const faults = [...made].filter(([call]) => !allowed.has(call)).map(([, line]) => line)
    assert.deepEqual(faults, [])
    const families = new Set([...text.matchAll(/ socket(?:pair)?\((AF_\w+)/g)].map(([, family]) => family!))
    const taken = new Set(/^RestrictAddressFamilies=(.+)$/m.exec(unit)![1]!.split(' '))
    assert.ok(families.has('AF_INET') && families.isSubsetOf(taken), [...families].join(' '))
  },
)
