/** The same bounds where the server is no root: then the sandbox lies in a user namespace of its own. */
import assert from 'node:assert/strict'
import { chmod, copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startChild, type StartChild } from '../../server/child.ts'
import { attack, type Attack } from './hostile.ts'

/** Nobody's on this machine. */
const plain = '47114'

/** For everybody to enter: the folder for the tests' own is theirs alone. */
async function openFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp('/tmp/airlock-plain-')
  t.after(() => rm(folder, { recursive: true, force: true }))
  await chmod(folder, 0o755)
  return folder
}

/** As launch.ts starts it for who is no root, and by who is none. */
async function asPlainUser(t: TestContext): Promise<StartChild> {
  if (process.getuid!() !== 0) return startChild
  const folder = await openFolder(t)
  const setUp = join(folder, 'set-up.sh')
  await copyFile(fileURLToPath(new URL('../../server/sandbox/set-up.sh', import.meta.url)), setUp)
  await chmod(setUp, 0o644)
  return (command, args, options) => {
    const at = args.findIndex((arg) => arg.endsWith('set-up.sh'))
    const user = ['--reuid', plain, '--regid', plain, '--clear-groups', '--', command, '--user', '--map-root-user']
    return startChild('setpriv', [...user, ...args.with(at, setUp).with(at + 3, '')], options)
  }
}

/** By a shell, which is there for everybody: the tests' own interpreter may lie in a folder of root's. */
async function attackPlainly(t: TestContext, code: string, options: Attack = {}) {
  return attack(t, '', { command: ['/bin/sh', '-c', code], start: await asPlainUser(t), alone: true, ...options })
}

test('nothing of the machine is in reach, and no root is anywhere', async (t) => {
  const { ended, status, log } = await attackPlainly(
    t,
    `id -u; ls / | tr '\\n' ' '; echo; ls /etc | tr '\\n' ' '; echo; cut -d: -f1 -s /proc/net/dev; grep -E 'CapEff|NoNewPrivs|Seccomp:' /proc/self/status
cat /proc/self/uid_map; unshare -U true; for path in / /usr /etc /dev; do echo x >$path/x; done; cat /etc/shadow; exit 0`,
  )
  assert.deepEqual([ended, status], ['exit', 0], log)
  assert.match(log, /^1000\nbin build dev etc lib.* proc sbin tmp usr\n/)
  assert.match(log, /CapEff:\t0{16}\nNoNewPrivs:\t1\nSeccomp:\t2\n +1000 +0 +1\n/)
  assert.match(log, /unshare failed: Operation not permitted/)
  assert.equal(log.match(/cannot create .*(?:Read-only|Permission)/g)?.length, 4, log)
  assert.match(log, /\/etc\/shadow: No such file/)
})

test('processes, files and bytes are bounded', async (t) => {
  const { ended, log } = await attackPlainly(t, `for n in $(seq 60); do sleep 9 & done; echo forked`, {
    limits: { processes: 20, wallSeconds: 20 },
  })
  assert.equal(ended, 'exit')
  assert.match(log, /Cannot fork/)
  const files = await attackPlainly(t, `n=0; while : >/tmp/$n; do n=$((n + 1)); done; echo $n`, {
    limits: { files: 200 },
  })
  assert.match(files.log, /No space left on device/)
  const bytes = await attackPlainly(t, `head -c 9000000 /dev/zero >/tmp/x; stat -c %s /tmp/x`, {
    limits: { diskBytes: 4 << 20 },
  })
  assert.match(bytes.log, /No space left|File size limit|File too large/)
})

test('inputs come in, outputs come out, and a limit ends everything', async (t) => {
  const folder = await openFolder(t)
  await writeFile(join(folder, 'given'), 'given', { mode: 0o644 })
  const { outputs, leftOut } = await attackPlainly(
    t,
    `cat src/given >out/copied; ln -s /etc/passwd out/link; echo x >src/given; : >out/closed; chmod 0 out/closed`,
    { inputs: [{ from: folder, to: '/build/src' }] },
  )
  assert.deepEqual(
    outputs.map(({ name }) => name).filter((name) => name !== 'closed'),
    ['copied'],
  )
  assert.equal(await readFile(outputs.find(({ name }) => name === 'copied')!.path, 'utf8'), 'given')
  assert.ok(leftOut.some(({ name, why }) => name === 'link' && why === 'kind'))
  assert.equal(await readFile(join(folder, 'given'), 'utf8'), 'given')
  const sleeps = await attackPlainly(t, 'trap "" TERM INT HUP; sleep 60', { limits: { wallSeconds: 1 } })
  assert.deepEqual([sleeps.ended, sleeps.outputs], ['timeout', []])
})
