/**
 * The whole of it on one machine: a pod, Airlock and the outside, each in a network of its own, and every frame counted.
 *
 *   pod eth0 10.77.1.2 ──── 10.77.1.1 pod0  airlock  out0 10.77.2.1 ──── 10.77.2.2… eth0 outside
 *
 * The pod has no route but to the link's other end. Airlock has one to everywhere, by the outside, and a name server
 * there: whatever it sent, by whatever way, would be a frame on that link.
 */
import { spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join as joinPath } from 'node:path'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startAirlock, type Airlock, type AirlockOptions } from '../support/airlock.ts'
import { temporaryFolder } from '../support/folders.ts'
import { watchLink, type Frames, type Wire } from '../support/frames.ts'
import { startLeakyMirror, type LeakyMirror } from '../support/leaky.ts'
import { join, startNamespace, type Namespace } from '../support/namespaces.ts'
import { addresses, indexUrl, startOutside, type Outside } from '../support/outside.ts'

export const mirrorAddress = '10.77.1.1'
export const mirrorPort = 8080
export const gatewayPort = 8082
/** As a pod knows it, by its hosts file. */
export const mirrorUrl = `http://airlock.example:${mirrorPort}`
export const hosts = `${mirrorAddress} airlock.example`

const client = fileURLToPath(new URL('../../client/cli/main.ts', import.meta.url))
/** For as long as something that came of a read may take to be sent. There is no event that says that nothing comes. */
const settled = 1000

export type Rig = {
  readonly airlock: Airlock
  readonly namespace: Namespace
  readonly outside: Outside
  /** Another network behind a link of its own, whose other end is the mirror's address. */
  connectPod(pod: Namespace): Promise<Wire>
  /** What crossed the link to the outside while something was done, and a moment after. */
  during(action: () => Promise<unknown>): Promise<Frames>
  /** Every frame of that link so far, as latin1. */
  everything(): Promise<string>
  /** The office's command line, beside Airlock: what it printed. Throws unless the request is ready, or as `status` says. */
  office(args: readonly string[], status?: number): Promise<string>
  /** Airlock ends and starts again: no connection of an earlier request is left. */
  restart(): Promise<void>
  /** A second mirror on the same tree, which leaks in the given way, at another port. */
  startLeakyMirror(way: string): Promise<LeakyMirror>
}

export type RigOptions = {
  /** airlock.yaml for the time in this machine's own network. */
  readonly config?: AirlockOptions['config']
  readonly index?: string
  /** Done there, before it moves. */
  readonly fill?: (airlock: Airlock) => Promise<unknown>
}

export async function startRig(t: Pick<TestContext, 'after'>, { config = {}, index, fill }: RigOptions): Promise<Rig> {
  const folder = await temporaryFolder(t as TestContext)
  const outsides = await startNamespace(t)
  const namespace = await startNamespace(t, { resolver: addresses['resolver.example'] })
  const there = Object.values(addresses).map((address) => `${address}/24`)
  await join([namespace, 'out0', ['10.77.2.1/24']], [outsides, 'eth0', there])
  await namespace.run(`ip route add default via ${addresses['index.example']}`)
  const kept = joinPath(folder, 'frames')
  const wire = await watchLink(t, namespace, 'out0', kept)
  const outside = await startOutside(t, outsides)

  const airlock = await startAirlock({ live: true, config, ...(index !== undefined && { index }) })
  t.after(() => airlock.close())
  await fill?.(airlock)
  await airlock.stop()
  await writeFile(
    joinPath(airlock.state, 'airlock.yaml'),
    JSON.stringify({
      gateway: { port: gatewayPort },
      upstreams: { pip: { default: { url: indexUrl } } },
      targets: {
        ...(config as { targets?: object }).targets,
        office: { apt: { sources: [outside.sources], architectures: ['amd64'], status: 'none' } },
      },
    }),
  )
  const pods: Namespace[] = []

  async function connectPod(pod: Namespace): Promise<Wire> {
    const name = `pod${pods.length}`
    pods.push(pod)
    await join([namespace, name, [`${mirrorAddress}/32`]], [pod, 'eth0', [`10.77.1.${pods.length + 1}/24`]])
    await namespace.run(`ip route add 10.77.1.${pods.length + 1} dev ${name} src ${mirrorAddress}`)
    return watchLink(t, namespace, name)
  }

  const env = { ...process.env, ...noProxies }
  const move = {
    before: namespace.enter,
    env: { ...noProxies, AIRLOCK_MIRROR_LISTEN: `0.0.0.0:${mirrorPort}`, AIRLOCK_MIRROR_URL: mirrorUrl },
  }
  await airlock.start(move)

  return {
    airlock,
    namespace,
    outside,
    connectPod,
    async during(action) {
      await wire.since()
      await action()
      await sleep(settled)
      return wire.since()
    },
    async everything() {
      await wire.since()
      return (await readFile(kept)).toString('latin1')
    },
    async office(args, status = 0) {
      const line = [...namespace.enter, process.execPath, client, ...args]
      const child = spawn(line[0]!, line.slice(1), {
        env: { ...env, AIRLOCK_CONSOLE_URL: airlock.consoleUrl, LANG: 'C.UTF-8' },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
      const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
      if ((await ended) !== status)
        throw new Error(`airlock ${args.join(' ')} ended with ${child.exitCode}:\n${out}${err}\n${airlock.log()}`)
      return out
    },
    async restart() {
      await airlock.stop()
      await airlock.start(move)
    },
    startLeakyMirror: (way) =>
      startLeakyMirror({ root: airlock.root, way, host: mirrorAddress, port: mirrorPort + 1, before: namespace.enter }),
  }
}

/** This machine's proxies are not there. */
const noProxies = Object.fromEntries(
  ['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy'].flatMap((name) => [
    [name, ''],
    [name.toUpperCase(), ''],
  ]),
)
