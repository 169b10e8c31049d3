/**
 * What an engine would start of an image, with `--read-only`: its user, without a capability, on a root that cannot be
 * written, with folders of the machine as its volumes. The network is the machine's own. Needs root.
 *
 *   const server = startContainer(image, { args: ['serve'], volumes: { '/var/lib/airlock': folder } })
 *   server.child, server.said()
 *   await server.ended                 its status; `child.kill()` reaches it, since everything before it has become it
 */
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Image } from './image.ts'

export type ContainerOptions = {
  /** Instead of the entrypoint and its arguments. */
  readonly line?: readonly string[]
  /** Instead of CMD. */
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Place in the container → folder or file of the machine. */
  readonly volumes: Readonly<Record<string, string>>
  /** The places of those that may not be written. */
  readonly readOnly?: readonly string[]
}

/** Everything until the last line is done as root, in a mount namespace that ends with the process. */
const script = `
  root=$1 user=$2 cwd=$3 binds=$4
  shift 4
  mount --bind "$root" "$root"
  # as little of it as deploy/airlock.service leaves
  mount -t proc -o subset=pid,hidepid=invisible proc "$root/proc"
  mount -t tmpfs -o mode=755 tmpfs "$root/dev"
  for device in null zero full random urandom; do
    : >"$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
  done
  mount --bind /etc/resolv.conf "$root/etc/resolv.conf"
  printf '%s' "$binds" | while IFS='|' read -r place from how; do
    if [ -d "$from" ]; then mkdir -p "$root$place"; else mkdir -p "$root\${place%/*}"; : >>"$root$place"; fi
    mount --bind "$from" "$root$place"
    mount -o "remount,bind,nosuid,nodev$how" "$root$place"
  done
  mount -o remount,ro "$root/dev"
  mount -o remount,bind,ro "$root"
  exec chroot "$root" setpriv --reuid="\${user%:*}" --regid="\${user#*:}" --clear-groups --no-new-privs \\
    --inh-caps=-all --bounding-set=-all --pdeathsig KILL \\
    sh -c 'cd "$1" && shift && exec "$@"' sh "$cwd" "$@"`

/** A folder of the machine to stand for a volume, made as an engine makes one: like the folder of the image in its place. */
export async function makeVolume(image: Image, place: string, folder: string): Promise<string> {
  const { uid, gid, mode } = await stat(join(image.root, place))
  await mkdir(folder)
  await chown(folder, uid, gid)
  await chmod(folder, mode & 0o7777)
  return folder
}

export function startContainer(image: Image, { line, args, env = {}, volumes, readOnly = [] }: ContainerOptions) {
  const whole = line ?? [...image.entrypoint, ...(args ?? image.command)]
  const binds = Object.entries(volumes).map(
    ([place, from]) => `${place}|${from}|${readOnly.includes(place) ? ',ro' : ''}\n`,
  )
  const words = [image.root, image.user, image.cwd, binds.join(''), ...whole]
  const child: ChildProcess = spawn(
    'unshare',
    ['--mount', '--propagation', 'private', 'sh', '-ec', script, 'sh', ...words],
    {
      env: { ...image.env, HOME: '/var/lib/airlock', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  const output: string[] = []
  for (const stream of [child.stdout!, child.stderr!])
    stream.setEncoding('utf8').on('data', (text: string) => output.push(text))
  const ended = once(child, 'close').then(([status]) => status as number | null)
  return { child, ended, said: () => output.join('') }
}

export type Container = ReturnType<typeof startContainer>

/** Until a container answers at a URL; throws with what it said when it ends before. */
export async function until(url: string, { child, said }: Container): Promise<void> {
  for (;;) {
    if (
      await fetch(url).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return
    if (child.exitCode !== null) assert.fail(`it ended with ${child.exitCode}:\n${said()}`)
    await sleep(50)
  }
}

/** The most memory that a container has had, without its children. */
export async function peakOf({ child }: Container): Promise<string> {
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8')
  return `${Math.round(Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)![1]) / 1000)} MB`
}
