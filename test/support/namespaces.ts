/**
 * Networks of their own, joined by veth pairs, on one machine: no container, no name that could collide or stay behind.
 *
 *   const airlock = await startNamespace(t)
 *   const outside = await startNamespace(t, { resolver: '10.77.2.4' })
 *   await join([airlock, 'out0', ['10.77.2.1/24']], [outside, 'eth0', ['10.77.2.2/24']])
 *   spawn(airlock.enter[0], [...airlock.enter.slice(1), 'node', …])
 *
 * A namespace lives by what is in it: a shell that ends when its stdin does, so with the test, however that ends; its links
 * go with it. IPv6 is off, so that an idle link carries nothing, and nothing is forwarded. Needs CAP_NET_ADMIN and
 * CAP_SYS_ADMIN, and says so where it has not.
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join as joinPath } from 'node:path'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'
import { temporaryFolder } from './folders.ts'

const execute = promisify(execFile)
const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' }

export type Namespace = {
  /** The process that holds it, as this machine counts. */
  readonly pid: number
  /** What a command line comes after to be run there. It becomes that command, so signals reach it. */
  readonly enter: readonly string[]
  /** By a shell there, as root of this machine; throws with what was said. */
  run(command: string): Promise<string>
}

/** One end of a link: where, as what, with which addresses. */
export type End = readonly [namespace: Namespace, name: string, addresses: readonly string[]]

type Hooks = Pick<TestContext, 'after'>

export type NamespaceOptions = {
  /** What the C library asks for names, in place of this machine's. */
  readonly resolver?: string
  /** Beside network and mounts: `--pid`, `--ipc`, … as unshare has them. */
  readonly more?: readonly string[]
  /** What the shell does before it only waits. `$1`, … are `words`. */
  readonly script?: string
  readonly words?: readonly string[]
}

const quiet = `
  for kind in all default; do
    for knob in ipv6/conf/$kind/disable_ipv6=1 ipv4/conf/$kind/forwarding=0 ipv4/conf/$kind/accept_redirects=0; do
      file=/proc/sys/net/\${knob%=*}
      [ ! -e $file ] || echo \${knob#*=} >$file
    done
  done
  ip link set lo up
`

export async function startNamespace(t: Hooks, options: NamespaceOptions = {}): Promise<Namespace> {
  const { resolver, more = [], script = '', words = [] } = options
  const folder = await temporaryFolder(t as TestContext)
  const resolvers = joinPath(folder, 'resolv.conf')
  if (resolver !== undefined) await writeFile(resolvers, `nameserver ${resolver}\noptions timeout:1 attempts:1\n`)
  const named = resolver === undefined ? '' : `mount --bind "$0" /etc/resolv.conf\n`
  // echo is what the shell does last by itself; cat waits for the end of stdin
  const whole = `${quiet}${named}${script}\necho ready\nexec \${hold:-cat}`
  const line = ['--net', '--mount', '--propagation', 'private', ...more, 'sh', '-ec', whole, resolvers, ...words]
  const holder = spawn('unshare', line, { env, stdio: ['pipe', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [holder.stdout, holder.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text))
  holder.stdin.on('error', () => {})
  const ended = once(holder, 'close')
  t.after(async () => {
    // whatever somebody in it has done to its first process
    holder.kill('SIGKILL')
    await ended
  })
  await Promise.race([
    new Promise<void>((resolve) => holder.stdout.on('data', () => said.includes('ready\n') && resolve())),
    ended.then(() => {
      throw new Error(`no network namespace can be made here, which takes CAP_NET_ADMIN and CAP_SYS_ADMIN:\n${said}`)
    }),
  ])
  const enter = ['nsenter', `--net=/proc/${holder.pid}/ns/net`, `--mount=/proc/${holder.pid}/ns/mnt`, '--']
  return {
    pid: holder.pid!,
    enter,
    async run(command) {
      const { stdout } = await execute(enter[0]!, [...enter.slice(1), 'sh', '-ec', command], { env })
      return stdout
    },
  }
}

/** A veth pair. The neighbour at each end is known beforehand, so that nothing has to be asked when nothing is meant. */
export async function join(one: End, other: End): Promise<void> {
  const [[here, name], [there, peer]] = [one, other]
  // the network alone is entered: `ip` is this machine's
  const inside = ({ pid }: Namespace, ...args: readonly string[]) =>
    execute('nsenter', [`--net=/proc/${pid}/ns/net`, 'ip', ...args], { env })
  await inside(here, 'link', 'add', 'name', name, 'type', 'veth', 'peer', 'name', peer, 'netns', String(there.pid))
  for (const [namespace, link, addresses] of [one, other]) {
    for (const address of addresses) await inside(namespace, 'address', 'add', address, 'dev', link)
    await inside(namespace, 'link', 'set', 'dev', link, 'up')
  }
  for (const [[namespace, link], [neighbour, end, addresses]] of [
    [one, other],
    [other, one],
  ] as const) {
    const { stdout } = await inside(neighbour, '-brief', 'link', 'show', 'dev', end)
    const mac = /(?:[0-9a-f]{2}:){5}[0-9a-f]{2}/.exec(stdout)![0]
    for (const address of addresses) {
      const known = ['neigh', 'replace', address.split('/')[0]!, 'lladdr', mac, 'nud', 'permanent', 'dev', link]
      await inside(namespace, ...known)
    }
  }
}
