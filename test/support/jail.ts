/**
 * A pod as an engine would start it, without an engine: a clean Debian as its root and nothing else of this machine, its
 * own network, processes and devices, the capabilities that engines leave to root, the tree read-only where pods have it.
 *
 *   const pod = await startJail(t, { tree, hosts: '10.77.1.1 airlock' })
 *   await join([airlock, 'pod0', ['10.77.1.1/24']], [pod, 'eth0', ['10.77.1.2/24']])
 *   await pod.sh('apt-get update')          throws with everything that was said
 *   await pod.python(script, { port: 80 })   what a script printed, as JSON
 *
 * Everything in it ends with the test, however that ends. Needs root.
 */
import { spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { uv } from './clients.ts'
import { temporaryFolder } from './folders.ts'
import { startNamespace, type Namespace } from './namespaces.ts'
import { cleanRoot } from './pod.ts'

export type Jail = Namespace & {
  /** By the pod's own shell, as its root, or as a user of this number. */
  sh(command: string, user?: number): Promise<string>
  /** A program for its python3, and what it is given as JSON in its first argument; answers what it printed, parsed. */
  python<T>(program: string, given: unknown, user?: number): Promise<T>
}

export type JailOptions = {
  /** AIRLOCK_ROOT, which the pod has at /opt/public/airlock. */
  readonly tree: string
  /** In place of DNS. */
  readonly hosts: string
  /** A resolver all the same: questions to it can be seen. */
  readonly resolver: string
}

const env = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LC_ALL: 'C.UTF-8',
  DEBIAN_FRONTEND: 'noninteractive',
}
const kept =
  'chown dac_override fsetid fowner mknod net_raw setgid setuid setfcap setpcap net_bind_service sys_chroot kill'
const asEngines = [
  'setpriv',
  `--bounding-set=-all,${kept
    .split(' ')
    .map((name) => `+${name}`)
    .join(',')}`,
  '--inh-caps=-all',
]

/** $1: the clean root; $2: a folder for what is written; $3: the tree; $4: uv. */
const script = `
  root=$2/root
  mount -t overlay overlay -o "nodev,lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$root"
  mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
  for path in bus fs irq sys sysrq-trigger; do
    [ -e "$root/proc/$path" ] || continue
    mount --bind "$root/proc/$path" "$root/proc/$path"
    mount -o remount,bind,ro "$root/proc/$path"
  done
  for path in kcore keys timer_list; do
    [ ! -e "$root/proc/$path" ] || mount --bind /dev/null "$root/proc/$path"
  done
  mount -t tmpfs -o mode=755,noexec,nosuid tmpfs "$root/dev"
  for device in null zero full random urandom; do
    : >"$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
  done
  ln -s /proc/self/fd "$root/dev/fd"
  mkdir "$root/dev/pts"
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
  ln -s pts/ptmx "$root/dev/ptmx"
  mount -o remount,ro "$root/dev"
  mkdir -p "$root/opt/public/airlock"
  mount --bind "$3" "$root/opt/public/airlock"
  mount -o remount,bind,ro,nosuid,nodev "$root/opt/public/airlock"
  : >"$root/usr/local/bin/uv"
  mount --bind "$4" "$root/usr/local/bin/uv"
  mount -o remount,bind,ro "$root/usr/local/bin/uv"
  cd "$root"
  mkdir .before
  pivot_root . .before
  umount -l /.before
  rmdir /.before
  hold='${asEngines.join(' ')} cat'`

export async function startJail(t: Pick<TestContext, 'after'>, { tree, hosts, resolver }: JailOptions): Promise<Jail> {
  const clean = await cleanRoot('bookworm')
  const folder = await temporaryFolder(t as TestContext)
  for (const name of ['root', 'upper/etc/dpkg/dpkg.cfg.d', 'upper/etc/apt', 'work'])
    await mkdir(join(folder, name), { recursive: true })
  const upper = (path: string) => join(folder, 'upper/etc', path)
  await writeFile(upper('hosts'), `127.0.0.1 localhost\n${hosts}\n`)
  await writeFile(upper('resolv.conf'), `nameserver ${resolver}\noptions timeout:1 attempts:1\n`)
  // what an image with netbase has; by its name of a port apt would look for a service's records
  await writeFile(upper('services'), 'http 80/tcp\nhttps 443/tcp\ndomain 53/udp\n')
  await writeFile(upper('dpkg/dpkg.cfg.d/quick'), 'force-unsafe-io\nforce-confold\n')
  // another source, which leads elsewhere: set-up has to take it away
  await writeFile(upper('apt/sources.list'), 'deb http://archive.example/debian bookworm main\n')
  const more = ['--pid', '--fork', '--kill-child', '--ipc', '--uts']
  const namespace = await startNamespace(t, { more, script, words: [clean, folder, tree, uv] })
  const of = (kind: string, name = kind) => `--${kind}=/proc/${namespace.pid}/ns/${name}`
  const enter = ['nsenter', of('net'), of('mount', 'mnt'), of('pid', 'pid_for_children'), of('ipc'), of('uts'), '--']

  async function start(line: readonly string[], user: number, stdin: string): Promise<string> {
    const as = user === 0 ? [] : [`--reuid=${user}`, `--regid=${user}`, '--clear-groups']
    const whole = [...enter, ...asEngines, ...as, ...line]
    const child = spawn(whole[0]!, whole.slice(1), { env, stdio: ['pipe', 'pipe', 'pipe'] })
    child.stdin.on('error', () => {})
    child.stdin.end(stdin)
    const status = new Promise<number | null>((resolve) => child.once('close', resolve))
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
    if ((await status) !== 0)
      throw new Error(`${line.join(' ').slice(0, 400)}\nended with ${child.exitCode}:\n${out}${err}`)
    return out
  }

  return {
    ...namespace,
    enter,
    sh: (command, user = 0) => start(['sh', '-ec', `exec 2>&1; ${command}`], user, ''),
    python: async <T>(program: string, given: unknown, user = 0) =>
      JSON.parse(await start(['python3', '-', JSON.stringify(given)], user, program)) as T,
  }
}
