/** The hook that apt speaks to, by apt's own protocol on a socket, and by apt itself. */
import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { buildDeb } from '../support/deb.ts'
import { homepodFolder, makePod, makeTree } from './pod.ts'

const hook = join(homepodFolder, 'apt-hook')

/** Plays apt: sends the messages on a socket that the hook has as descriptor `fd`, and tells what it answered and said. */
const apt = `
import fcntl, json, os, socket, subprocess, sys
fd, messages, command = int(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3:]
pair = socket.socketpair()
ours, theirs = (socket.socket(fileno=fcntl.fcntl(one, fcntl.F_DUPFD_CLOEXEC, 100)) for one in pair)
for one in pair:
    one.close()
ours.settimeout(60)
os.dup2(theirs.fileno(), fd)
env = dict(os.environ, APT_HOOK_SOCKET=str(fd))
child = subprocess.Popen(command, env=env, pass_fds=[fd], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
theirs.close()
os.close(fd)
for message in messages:
    ours.sendall((json.dumps(message) + "\\n\\n").encode())
ours.shutdown(socket.SHUT_WR)
said = child.communicate(timeout=60)[0].decode()
answered = b""
while True:
    piece = ours.recv(4096)
    if not piece:
        break
    answered += piece
print(json.dumps({"status": child.returncode, "said": said, "answered": answered.decode()}))
`

type Speaking = {
  readonly fd?: number
  readonly console?: string
  readonly env?: Readonly<Record<string, string>>
  readonly shell?: string
}
type Outcome = { readonly status: number; readonly said: string; readonly answered: string }

function speak(
  messages: readonly object[],
  { fd = 4, console = 'http://airlock.example:8081', env = {}, shell = 'dash' }: Speaking = {},
): Promise<Outcome> {
  const whole = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8', ...env }
  const line = ['-c', apt, String(fd), JSON.stringify(messages), shell, hook, console]
  return new Promise((resolve, reject) => {
    execFile('/usr/bin/python3', line, { env: whole, timeout: 90_000 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${error.message}\n${stderr}`))
      else resolve(JSON.parse(stdout) as Outcome)
    })
  })
}

const note = (method: string, params: object) => ({ jsonrpc: '2.0', method: `org.debian.apt.hooks.${method}`, params })
const hello = { ...note('hello', { versions: ['0.1'] }), id: 0 }
const bye = note('bye', {})
const fail = (params: object) => note('install.fail', params)
const greeting = '{"jsonrpc":"2.0","id":0,"result":{"version":"0.1"}}\n\n'
const missing = { command: 'install', 'search-terms': ['nmap', 'foo'], 'unknown-packages': ['nmap'], packages: [] }

test('it names what is missing, where to ask, and what to do then', async () => {
  const { status, said, answered } = await speak([hello, fail(missing), bye])
  assert.equal(status, 0)
  assert.equal(answered, greeting)
  assert.match(said, /Not in this Airlock[^\n]*: nmap\n/)
  assert.match(said, /from the office and not from here: http:\/\/airlock\.example:8081 \(apt\)/)
  assert.match(said, /apt-get update && apt-get install nmap\n/)
})

for (const fd of [3, 9, 10, 11, 77])
  test(`on descriptor ${fd} it answers too`, async () => {
    const { said, answered } = await speak([hello, fail(missing), bye], { fd })
    assert.equal(answered, greeting)
    assert.match(said, /nmap/)
  })

test('without python3 it still reaches a descriptor of two digits', async (t) => {
  const pod = await makePod(t)
  const bin = join(pod.root, 'bin')
  await mkdir(bin)
  for (const name of ['sh', 'dash', 'env', 'perl', 'sed', 'tr', 'printf'])
    execFileSync('ln', ['-s', `/usr/bin/${name}`, join(bin, name)])
  const { said, answered } = await speak([hello, fail(missing), bye], {
    fd: 12,
    env: { PATH: bin },
    shell: '/usr/bin/dash',
  })
  assert.equal(answered, greeting)
  assert.match(said, /nmap/)
})

test('it speaks Chinese where the pod does', async () => {
  const { said } = await speak([hello, fail(missing), bye], { env: { LC_ALL: 'zh_CN.UTF-8' } })
  assert.match(said, /Airlock 中没有（或无法安装）：nmap\n.*http:\/\/airlock\.example:8081/)
})

test('without a console’s address it says where to ask all the same', async () => {
  const { said } = await speak([hello, fail(missing), bye], { console: '' })
  assert.match(said, /Airlock console, from the office and not from here \(apt\)/)
})

test('where there is no candidate, what was asked for is named', async () => {
  const { said } = await speak([hello, fail({ ...missing, 'unknown-packages': [] }), bye])
  assert.match(said, /: nmap foo\n/)
})

const quiet: readonly (readonly [what: string, messages: readonly object[]])[] = [
  ['nothing failed', [hello, note('install.post', missing), bye]],
  ['nothing is missing', [hello, fail({ command: 'install', 'search-terms': [], 'unknown-packages': [] }), bye]],
  [
    'the packages are known and something else failed',
    [hello, fail({ ...missing, 'unknown-packages': [], packages: [{ id: 0, name: 'nmap', mode: 'install' }] }), bye],
  ],
  ['apt hangs up', [hello]],
  ['apt says nothing', []],
  ['the message is none', [hello, { jsonrpc: '2.0' }, bye]],
]
for (const [what, messages] of quiet)
  test(`it is quiet where ${what}`, async () => {
    const { status, said } = await speak(messages)
    assert.equal(said, '')
    assert.equal(status, 0)
  })

test('names that no package can have are not repeated, and run nothing', async () => {
  const odd = ['$(touch /tmp/x)', '`id`', '-o', 'a"b', 'a b', '*', '../x', 'ok-name', '\u001b[31m', 'x'.repeat(5000)]
  const { status, said } = await speak([hello, fail({ ...missing, 'unknown-packages': odd }), bye])
  assert.equal(status, 0)
  assert.match(said, /ok-name/)
  assert.doesNotMatch(said, /touch|id`|\u001b|\*|\.\.|-o\b/)
})

test('without apt’s socket it does nothing', () => {
  assert.equal(execFileSync('dash', [hook], { env: { PATH: '/usr/bin:/bin' }, encoding: 'utf8' }), '')
})

test('apt itself shows its words, beside its own', async (t) => {
  const tree = await makeTree(t)
  const pod = await makePod(t)
  await pod.setUp(tree)
  const settings = (await pod.read('etc/apt/apt.conf.d/90airlock')).replace('/etc/airlock/apt-hook', hook)
  assert.ok(settings.includes(hook))
  for (const folder of ['var/lib/apt/lists/partial', 'var/cache/apt/archives/partial'])
    await mkdir(join(pod.root, folder), { recursive: true })
  const conf = join(pod.root, 'apt.conf')
  // its own part, with the hook where it lies here
  await writeFile(join(pod.root, 'etc/apt/apt.conf.d/90airlock'), settings)
  await writeFile(conf, `Dir "${pod.root}/";\nDir::State::status "/dev/null";\nAPT::Sandbox::User "root";\n`)
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', APT_CONFIG: conf, LC_ALL: 'C.UTF-8', HOME: pod.home }
  const said = await new Promise<string>((resolve) => {
    execFile('apt-get', ['install', '-s', 'nmap', 'foo'], { env }, (_, stdout, stderr) => resolve(stdout + stderr))
  })
  assert.match(said, /Not in this Airlock[^\n]*: foo nmap\n/)
  assert.match(said, /E: Unable to locate package nmap/)
  assert.doesNotMatch(said, /hook/i)
})

test('apt itself has it speak where a package has no candidate, and not where dpkg fails', async (t) => {
  const pod = await makePod(t)
  const deb = await buildDeb({ name: 'here', recommends: 'not-here' })
  const repository = join(pod.root, 'repository')
  for (const folder of ['repository', 'etc/apt', 'var/lib/apt/lists/partial', 'var/cache/apt/archives/partial', 'log'])
    await mkdir(join(pod.root, folder), { recursive: true })
  await writeFile(join(repository, 'here.deb'), deb.bytes)
  const sha256 = createHash('sha256').update(deb.bytes).digest('hex')
  const stanza = `${deb.control}Filename: ./here.deb\nSize: ${deb.bytes.length}\nSHA256: ${sha256}\n`
  await writeFile(join(repository, 'Packages'), stanza)
  await writeFile(join(pod.root, 'etc/apt/sources.list'), `deb [trusted=yes] file:${repository} ./\n`)
  await writeFile(join(pod.root, 'status'), '')
  const conf = join(pod.root, 'apt.conf')
  const settings = [
    `Dir "${pod.root}/"`,
    `Dir::State::status "${pod.root}/status"`,
    `Dir::Log "${pod.root}/log"`,
    'APT::Sandbox::User "root"',
    `AptCli::Hooks::Install:: "sh ${hook} http://airlock.example:8081 || true"`,
  ]
  await writeFile(conf, settings.map((line) => `${line};\n`).join(''))
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', APT_CONFIG: conf, LC_ALL: 'C.UTF-8', HOME: pod.home }
  const apt = (...args: readonly string[]) =>
    new Promise<string>((resolve) => {
      execFile('apt-get', args, { env, timeout: 120_000 }, (_, stdout, stderr) => resolve(stdout + stderr))
    })
  await apt('update')
  const none = await apt('install', '-y', 'not-here')
  assert.match(none, /has no installation candidate/)
  assert.match(none, /Not in this Airlock[^\n]*: not-here\n/)
  const failed = await apt('install', '-y', '-o', 'Dir::Bin::dpkg=/bin/false', 'here')
  assert.match(failed, /Sub-process \/bin\/false returned an error code/)
  assert.doesNotMatch(failed, /Airlock/)
})
