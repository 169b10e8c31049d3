/** Hostile source distributions, built by uv as they are built here: each is contained, and the honest one builds. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { pack, type Header } from 'tar-stream'
import { readWheel } from '../../server/pip/wheel.ts'
import { uv } from '../support/clients.ts'
import { temporaryFolder } from '../support/folders.ts'
import { attack, building, type Attack } from './hostile.ts'

/** A build backend in the source itself, so that nothing has to be there: PEP 517 with `backend-path`. */
const honest = `
import base64, hashlib, os, zipfile
def files(version='1.0', extra=''):
    record = 'toy-1.0.dist-info/'
    return {
        'toy.py': b'value = 1\\n',
        record + 'METADATA': f'Metadata-Version: 2.1\\nName: toy\\nVersion: {version}\\n{extra}'.encode(),
        record + 'WHEEL': b'Wheel-Version: 1.0\\nGenerator: toy\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n',
    }
def wheel(folder, contents, name='toy-1.0-py3-none-any.whl'):
    lines = []
    with zipfile.ZipFile(os.path.join(folder, name), 'w') as out:
        for path, body in contents.items():
            out.writestr(zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0)), body)
            digest = base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b'=').decode()
            lines.append(f'{path},sha256={digest},{len(body)}')
        lines.append('toy-1.0.dist-info/RECORD,,')
        out.writestr(zipfile.ZipInfo('toy-1.0.dist-info/RECORD', (2020, 1, 1, 0, 0, 0)), '\\n'.join(lines) + '\\n')
    return name
def attempt(what, act):
    try: act()
    except BaseException as error: print('refused', what, type(error).__name__, getattr(error, 'errno', ''), flush=True)
    else: print('ESCAPED', what, flush=True)
def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    return wheel(wheel_directory, files())
`

type Entry = Partial<Header> & { readonly name: string } & { readonly body?: string }

/** A .tar.gz with a backend whose code ends with `code`, and whatever other entries. */
async function sdist(t: TestContext, code: string, more: readonly Entry[] = []) {
  const archive = pack()
  const plain = (name: string, body: string): Entry => ({ name: `toy-1.0/${name}`, body })
  const pyproject = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
  const entries = [
    plain('PKG-INFO', 'Metadata-Version: 2.1\nName: toy\nVersion: 1.0\n'),
    plain('pyproject.toml', pyproject),
    plain('backend.py', `${honest}\n${code}`),
    ...more,
  ]
  for (const { body, ...headers } of entries) archive.entry(headers, body ?? '')
  archive.finalize()
  const path = join(await temporaryFolder(t), 'toy-1.0.tar.gz')
  await writeFile(path, gzipSync(await buffer(archive)))
  return path
}

async function build(t: TestContext, code: string, more: readonly Entry[] = [], options: Attack = {}) {
  const path = await sdist(t, code, more)
  return attack(t, '', { ...building(path, 'toy-1.0.tar.gz'), ...options })
}

/** Hostile code within a hook; the wheel is built all the same. */
const within = (lines: string) => `
import ctypes, os, shutil, signal, socket, subprocess, sys, time
honestly = build_wheel
def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
${lines.trim().replaceAll(/^/gm, '    ')}
    return honestly(wheel_directory)
`

const wheel = 'toy-1.0-py3-none-any.whl'

test('an honest one builds, twice the same bytes', async (t) => {
  const digests = await Promise.all(
    [1, 2].map(async () => {
      const { ended, status, outputs, log } = await build(t, '')
      assert.deepEqual([ended, status, outputs.map(({ name }) => name)], ['exit', 0, [wheel]], log)
      return createHash('sha256')
        .update(await readFile(outputs[0]!.path))
        .digest('hex')
    }),
  )
  assert.equal(digests[0], digests[1])
})

const attempts: Readonly<Record<string, readonly [code: string, refused: RegExp]>> = {
  'asks the network while it builds': [
    `attempt('net', lambda: socket.create_connection(('192.0.2.1', 80), 5))
attempt('vsock', lambda: socket.socket(40, socket.SOCK_STREAM))
attempt('name', lambda: socket.getaddrinfo('airlock.example', 443))`,
    /refused net OSError 101[^]*refused vsock OSError 97[^]*refused name gaierror -\d/,
  ],
  'writes where programs lie': [
    `for path in ('/usr/bin/x', '/usr/lib/python3/x', '/tools/uv', '/etc/ld.so.preload', sys.prefix + '/x' if sys.prefix.startswith('/usr') else '/usr/x'):
    attempt(path, lambda: open(path, 'a'))`,
    /(?:refused \/\S+ (?:OSError 30|PermissionError 13)[^]*){5}/,
  ],
  'replaces pip, uv and the interpreter for those after it': [
    `import site
for what in ('/tools/uv', os.path.realpath(sys.executable), os.__file__):
    attempt('replace', lambda: os.replace(__file__, what))
    attempt('write', lambda: open(what, 'r+b'))
    attempt('remove', lambda: os.unlink(what))`,
    /(?:refused \w+ (?:OSError (?:18|30|16)|PermissionError 13)[^]*){9}/,
  ],
  'looks for keys, the state and the environment': [
    `for path in ('/var/lib/airlock', '/opt/public', '/root/.ssh', '/root/.netrc', '/etc/shadow', os.path.expanduser('~/.netrc'), '/run/secrets'):
    attempt(path, lambda: os.stat(path))
print('NAMES', sorted(os.environ))`,
    /(?:refused \/\S+ FileNotFoundError 2[^]*){7}/,
  ],
}

for (const [name, [code, refused]] of Object.entries(attempts)) {
  test(`contained: one that ${name}`, async (t) => {
    const before = createHash('sha256')
      .update(await readFile(uv))
      .digest('hex')
    const { ended, outputs, log } = await build(t, within(code))
    assert.match(log, refused)
    assert.doesNotMatch(log, /ESCAPED/)
    assert.deepEqual([ended, outputs.map(({ name }) => name)], ['exit', [wheel]], log)
    assert.equal(
      createHash('sha256')
        .update(await readFile(uv))
        .digest('hex'),
      before,
    )
  })
}

test('contained: one that does its harm while it is only imported', async (t) => {
  const { ended, status, outputs, log } = await build(
    t,
    `import os, socket\nattempt('early', lambda: socket.create_connection(('192.0.2.1', 80), 5))\nos._exit(7)`,
  )
  assert.match(log, /refused early OSError 101/)
  assert.deepEqual([ended, outputs], ['exit', []])
  assert.notEqual(status, 0)
})

test('contained: one that never ends, and one that says too much', async (t) => {
  const sleeps = await build(t, within('time.sleep(9999)'), [], { limits: { wallSeconds: 2 } })
  assert.deepEqual([sleeps.ended, sleeps.outputs], ['timeout', []])
  const talks = await build(t, within(`while True: print('x' * 999)`), [], { limits: { logBytes: 1 << 18 } })
  assert.deepEqual([talks.ended, talks.outputs], ['log-too-long', []])
})

test('contained: one that leaves a process behind to change the wheel', async (t) => {
  const code = `
made = honestly(wheel_directory)
if os.fork() == 0:
    os.setsid()
    for n in range(3): os.close(n)
    time.sleep(60)
    open(os.path.join(wheel_directory, made), 'ab').write(b'changed')
    os._exit(0)
return made`
  const { ended, outputs } = await build(t, within(code))
  assert.deepEqual([ended, outputs.length], ['exit', 1])
  assert.equal((await readFile(outputs[0]!.path)).includes('changed'), false)
})

test('contained: one that fills what it may write, and one that makes a million files', async (t) => {
  for (const code of [
    `[open(f'/tmp/{n}', 'wb').write(bytes(1 << 20)) for n in range(4096)]`,
    `[open(f'/tmp/{n}', 'w').close() for n in range(1 << 20)]`,
  ]) {
    const { ended, status, outputs, log } = await build(t, within(code))
    assert.match(log, /No space left on device/)
    assert.deepEqual([ended, outputs], ['exit', []])
    assert.notEqual(status, 0)
  }
})

test('contained: one that takes all memory, and one that forks without end', async (t) => {
  const eats = await build(t, within('held = [bytearray(1 << 24) for n in range(9999)]'))
  assert.match(eats.log, /MemoryError/)
  assert.deepEqual(eats.outputs, [])
  const forks = await build(t, within('while True:\n    try: os.fork()\n    except OSError: pass'), [], {
    limits: { wallSeconds: 2 },
  })
  assert.deepEqual([forks.ended, forks.outputs], ['timeout', []])
})

test('contained: an archive with links and parents in its paths makes nothing outside of its folder', async (t) => {
  const entries: readonly Entry[] = [
    { name: 'toy-1.0/../../../tmp/planted', body: 'x' },
    { name: '/tmp/absolute', body: 'x' },
    { name: 'toy-1.0/link', type: 'symlink', linkname: '/tmp' },
    { name: 'toy-1.0/link/through', body: 'x' },
    { name: 'toy-1.0/hard', type: 'link', linkname: '/etc/passwd' },
    { name: 'toy-1.0/device', type: 'block-device', devmajor: 254, devminor: 0 },
    { name: 'toy-1.0/fifo', type: 'fifo' },
  ]
  for (const entry of entries) {
    const code = within(`for name in ('planted', 'absolute', 'through'):
    if os.path.lexists('/tmp/' + name): print('PLANTED', name)
    if os.path.exists('/etc/' + name): print('ESCAPED', name)`)
    const { ended, outputs, log, into } = await build(t, code, [entry])
    assert.equal(ended, 'exit', log)
    assert.doesNotMatch(log, /ESCAPED/, entry.name)
    assert.deepEqual(
      await readdir(into),
      outputs.map(({ name }) => name),
    )
    assert.ok(outputs.length <= 1)
  }
})

test('contained: a wheel under a name of somebody else’s choosing, and links in its place', async (t) => {
  const code = within(`
os.symlink('/etc/passwd', os.path.join('/build/out', 'pip-99-py3-none-any.whl'))
os.symlink('../../../../etc/passwd', os.path.join('/build/out', '${wheel}'))
open('/build/out/\\x1b[31m..\\n', 'w')`)
  const { outputs, leftOut, into } = await build(t, code)
  assert.ok(outputs.every(({ name }) => name === wheel))
  assert.ok(leftOut.some(({ name, why }) => name === 'pip-99-py3-none-any.whl' && why === 'kind'))
  for (const name of await readdir(into)) assert.equal((await readFile(join(into, name))).includes('root:'), false)
})

test('one that changes its metadata between calls remembers nothing: each call is the first', async (t) => {
  const code = `
import os
honestly = build_wheel
def count():
    total = 0
    for place in ('/tmp/calls', '/dev/shm/calls', '/build/calls', os.path.expanduser('~/.calls'), os.path.join(os.path.dirname(__file__), '.calls')):
        try: total += os.path.getsize(place)
        except OSError: pass
        try: open(place, 'a').write('x')
        except OSError: pass
    return total
def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    return wheel(wheel_directory, files(extra=f'Requires-Dist: seen{count()}\\n'))
`
  const path = await sdist(t, code)
  const said = []
  for (let call = 0; call < 2; call++) {
    const { outputs } = await attack(t, '', building(path, 'toy-1.0.tar.gz'))
    said.push((await readFile(outputs[0]!.path)).toString('latin1').match(/Requires-Dist: (\w+)/)?.[1])
  }
  assert.deepEqual(said, ['seen0', 'seen0'])
})

test('one whose wheel says another version than its name is seen for it where wheels are read', async (t) => {
  const code = `
def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    return wheel(wheel_directory, files(version='6.6.6'))
`
  const { outputs, log } = await build(t, code)
  assert.equal(outputs.length, 1, log)
  await assert.rejects(readWheel(outputs[0]!.path, wheel), { code: 'artifact-invalid' })
})

test('a log full of escape sequences is text', async (t) => {
  const { log } = await build(
    t,
    within(`os.write(1, b'\\x1b[2J\\x1b]0;owned\\x07\\x1b[31mred\\x1b[0m\\x9b1m\\n'); sys.exit(1)`),
  )
  assert.match(log, /red/)
  assert.doesNotMatch(log, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/)
})
