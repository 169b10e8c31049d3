/** What hostile code tries to use up: each bound holds, is named, and gives way where it is raised. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { attack, interpreter } from './hostile.ts'

let marks = 0
/** A number that is in the command lines of the processes that carry it, and in no other. */
const mark = () => `${process.pid}${++marks}.731`

/** Process ids on this machine whose command line has the mark. */
async function alive(carried: string): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
  return pids.filter((_, at) => lines[at]!.split('\0').includes(carried))
}

const sleeper = (carried: string) => `subprocess.Popen(['/bin/sleep', '${carried}'], start_new_session=True)`

test('a fork bomb has as many processes as it may, and none is left', async (t) => {
  const carried = mark()
  const code = `
made = 0
try:
    while True:
        ${sleeper(carried)}
        made += 1
except OSError as error: print('refused', errno.errorcode[error.errno], made, flush=True)
while True:
    try: os.fork()
    except OSError: pass`
  const end = await attack(t, code, { limits: { processes: 24, wallSeconds: 4 } })
  assert.match(end.log, /^refused EAGAIN (\d+)$/)
  const made = Number(end.log.split(' ').at(-1))
  assert.ok(made > 10 && made < 24, String(made))
  assert.deepEqual([end.ended, end.status, end.outputs], ['timeout', null, []])
  assert.deepEqual(await alive(carried), [])
})

test('threads count as processes do', async (t) => {
  const code = `
import threading
made = 0
try:
    while True: threading.Thread(target=time.sleep, args=(60,), daemon=True).start(); made += 1
except RuntimeError as error: print('refused', made, flush=True)
os._exit(0)`
  const { log } = await attack(t, code, { limits: { processes: 24 } })
  assert.ok(Number(/^refused (\d+)$/.exec(log)?.[1]) < 24, log)
})

test('who sleeps for ever is ended in time', async (t) => {
  const carried = mark()
  const began = Date.now()
  const { ended, log } = await attack(
    t,
    `print('asleep', flush=True); os.execv('/bin/sleep', ['sleep', '${carried}'])`,
    {
      limits: { wallSeconds: 2 },
    },
  )
  assert.deepEqual([ended, log], ['timeout', 'asleep'])
  assert.ok(Date.now() - began < 15_000)
  assert.deepEqual(await alive(carried), [])
})

test('who ignores every signal is ended in time, and so is what he started', async (t) => {
  const carried = mark()
  const code = `
for number in range(1, 32):
    try: signal.signal(number, signal.SIG_IGN)
    except OSError: pass
${sleeper(carried)}
print('deaf', flush=True)
while True: time.sleep(1)`
  assert.equal((await attack(t, code, { limits: { wallSeconds: 1 } })).ended, 'timeout')
  assert.deepEqual(await alive(carried), [])
})

test('a daemon that has let go of everything ends with the command that started it', async (t) => {
  const carried = mark()
  const code = `
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for n in range(3): os.close(n)
        os.execv('/bin/sleep', ['sleep', '${carried}'])
    os._exit(0)
os.wait(); time.sleep(.2); print('done')`
  const { ended, status, log } = await attack(t, code)
  assert.deepEqual([ended, status, log], ['exit', 0, 'done'])
  assert.deepEqual(await alive(carried), [])
})

test('many that the command leaves behind are gone when its end is told, each time', async (t) => {
  const carried = mark()
  for (let time = 0; time < 5; time++) {
    const code = `for n in range(30): ${sleeper(carried).replace(')', ', stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)')}`
    const { ended } = await attack(t, code)
    assert.deepEqual([ended, await alive(carried)], ['exit', []])
  }
})

test('nothing of a sandbox is left for others to bury', async (t) => {
  for (let time = 0; time < 4; time++) {
    const orphaned = await attack(t, 'pass').then(async () => {
      const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
      const all = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')))
      return all.filter((stat) => /\((?:bwrap|bash|cat|setpriv)\) Z /.test(stat) && isOrphan(stat))
    })
    assert.deepEqual(orphaned, [])
  }
})

/** Of process 1 or of this one. */
const isOrphan = (stat: string) => [1, process.pid].includes(Number(/\) Z (\d+) /.exec(stat)?.[1]))

test('processor time is bounded, also of who ignores the warning', async (t) => {
  const heeds = await attack(t, 'while True: pass', { limits: { cpuSeconds: 1 } })
  assert.deepEqual([heeds.ended, heeds.limit, heeds.status], ['killed', 'cpu', 152])
  const ignores = await attack(t, 'signal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass', {
    limits: { cpuSeconds: 1 },
  })
  assert.deepEqual([ignores.ended, ignores.status], ['killed', 137])
})

test('what is written is bounded wherever it is written, all together', async (t) => {
  const code = `
total = 0
for place in ('/build', '/tmp', '/dev/shm', '/build/out'):
    with open(place + '/fill', 'wb', buffering=0) as file:
        try:
            while True: total += file.write(bytes(1 << 16))
        except OSError as error: print('refused', place, errno.errorcode[error.errno])
print(total)`
  const { log, ended } = await attack(t, code, { limits: { diskBytes: 4 << 20 } })
  assert.match(log, /^refused \/build EFBIG|^refused \/build ENOSPC/)
  assert.match(log, /refused \/tmp ENOSPC\nrefused \/dev\/shm ENOSPC\nrefused \/build\/out ENOSPC\n/)
  assert.ok(Number(log.split('\n').at(-1)) <= 4 << 20, log)
  assert.equal(ended, 'exit')
})

test('the number of files is bounded, of folders and links too', async (t) => {
  const code = `
made = 0
try:
    for n in range(1 << 20):
        (lambda: open(f'/tmp/{n}', 'w').close(), lambda: os.mkdir(f'/tmp/{n}'), lambda: os.symlink('x', f'/tmp/{n}'))[n % 3]()
        made += 1
except OSError as error: print('refused', errno.errorcode[error.errno], made)`
  const few = /^refused ENOSPC (\d+)$/.exec((await attack(t, code, { limits: { files: 100 } })).log)
  assert.ok(few !== null && Number(few[1]) <= 100)
  const more = /^refused ENOSPC (\d+)$/.exec((await attack(t, code, { limits: { files: 1000 } })).log)
  assert.ok(Number(more?.[1]) > 900)
})

test('a file with holes is no larger than what may be written', async (t) => {
  const code = 'f = open("/build/out/hole", "wb"); attempt("hole", lambda: f.truncate(1 << 40))'
  assert.equal(
    (await attack(t, `signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n${code}`)).log,
    'refused hole OSError EFBIG',
  )
  const killed = await attack(t, `signal.signal(signal.SIGXFSZ, signal.SIG_DFL)\n${code}`)
  assert.deepEqual([killed.ended, killed.limit, killed.outputs], ['killed', 'file-size', []])
})

test('open files are bounded', async (t) => {
  const { log } = await attack(t, 'attempt("open", lambda: [os.dup(1) for n in range(9999)])')
  assert.equal(log, 'refused open OSError EMFILE')
})

test('endless output is ended, with lines and without', async (t) => {
  for (const line of ['y\\n', 'y']) {
    const code = `while True: os.write(1, b'${line}' * 4096)`
    const { ended, log, status } = await attack(t, code, { limits: { logBytes: 1 << 18 } })
    assert.deepEqual([ended, status], ['log-too-long', null])
    assert.ok(log.length <= 1 << 18, String(log.length))
  }
})

test('what is said to both outputs is one log, in order', async (t) => {
  const { log } = await attack(t, `for n in range(99): os.write(1 + n % 2, b'%d\\n' % n)`)
  assert.equal(log, Array.from({ length: 99 }, (_, n) => n).join('\n'))
})

test('who is told to stop stops at once, says why, and leaves nothing', async (t) => {
  const carried = mark()
  const stop = new AbortController()
  const running = attack(t, `${sleeper(carried)}\nprint('runs', flush=True)\ntime.sleep(60)`, {
    signal: stop.signal,
    onLine: () => stop.abort(new Error('no longer wanted')),
  })
  await assert.rejects(running, /no longer wanted/)
  assert.deepEqual(await alive(carried), [])
  await assert.rejects(attack(t, 'pass', { signal: stop.signal }), /no longer wanted/)
})

test('a sandbox ends with the server, however that ends', async () => {
  const carried = mark()
  const program = `
import { attack } from ${JSON.stringify(fileURLToPath(new URL('hostile.ts', import.meta.url)))}
const t = { after() {} }
await attack(t, ${JSON.stringify(`${sleeper(carried)}\nprint("runs", flush=True)\ntime.sleep(60)`)}, { onLine: () => console.log('runs') })`
  const server = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(server.stdout, 'data')
  assert.equal((await alive(carried)).length, 1)
  server.kill('SIGKILL')
  await once(server, 'close')
  for (let wait = 0; wait < 50 && (await alive(carried)).length > 0; wait++) await sleep(100)
  assert.deepEqual(await alive(carried), [])
})

test('a command that is not there ends with the shell’s status, and its name', async (t) => {
  const { ended, status, log } = await attack(t, '', { command: ['/no/such/command'] })
  assert.deepEqual([ended, status], ['exit', 127])
  assert.match(log, /\/no\/such\/command/)
})

test('an input that is not there is an error of ours, with its name', async (t) => {
  const running = attack(t, 'pass', { inputs: [{ from: '/no/such/input', to: '/build/x' }] })
  await assert.rejects(running, { code: 'sandbox-failed', message: /\/no\/such\/input/ })
})

test('the interpreter of the tests runs there as it runs here', async (t) => {
  const { log } = await attack(t, 'print(sys.executable, os.getcwd(), os.path.expanduser("~"))')
  assert.equal(log, `${interpreter.path} /build /build`)
})
