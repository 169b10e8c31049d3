/** What somebody in a pod may try, by the parts in escapes/, and what came of it. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { Jail } from '../support/jail.ts'
import { addresses, mark } from '../support/outside.ts'
import { gatewayPort, mirrorAddress, mirrorPort, type Rig } from './rig.ts'

export type Attempt = {
  readonly what: string
  readonly escaped: boolean
  /** What the kernel or a server said. */
  readonly result: string
}

const secret = 'nothing of this may be read in a pod'

/**
 * As the pod's root with what engines leave to root, raw sockets too, and some as a plain user. All of them, or those whose
 * name begins so.
 */
export async function attempt(pod: Jail, { airlock, namespace }: Rig, only = ''): Promise<readonly Attempt[]> {
  const digest = 'cd'.repeat(32)
  const incoming = join(airlock.root, '.incoming', digest)
  await mkdir(incoming)
  await writeFile(join(incoming, 'unproved-1.0-py3-none-any.whl'), secret)
  // a name without a file, as an abstract one is, on this machine itself
  const name = `airlock-test-${process.pid}`
  const abstract = createServer((socket) => socket.end(secret))
  await new Promise<void>((resolve) => abstract.listen(`\0${name}`, resolve))
  try {
    const program = await wholeProgram()
    return await pod.python<Attempt[]>(program, {
      only,
      mirror: [mirrorAddress, mirrorPort],
      console: Number(new URL(airlock.consoleUrl).port),
      gateway: gatewayPort,
      beyond: '10.77.2.1',
      outside: [addresses['index.example'], 8000],
      resolver: addresses['resolver.example'],
      mac: /link\/ether ((?:[0-9a-f]{2}:){5}[0-9a-f]{2})/.exec(await namespace.run('ip link show pod0'))![1],
      tree: '/opt/public/airlock',
      incoming: `.incoming/${digest}/unproved-1.0-py3-none-any.whl`,
      server: airlock.pid(),
      abstract: name,
      secrets: [mark, secret],
    })
  } finally {
    abstract.close()
    await rm(incoming, { recursive: true })
  }
}

/** Its parts, in their order: they share their names. */
async function wholeProgram(): Promise<string> {
  const folder = new URL('escapes/', import.meta.url)
  const parts = (await readdir(folder)).toSorted().map((part) => readFile(new URL(part, folder), 'utf8'))
  return (await Promise.all(parts)).join('\n')
}

export function tableOf(attempts: readonly Attempt[]): string[] {
  const width = Math.max(...attempts.map(({ what }) => what.length))
  return attempts.map(
    ({ what, escaped, result }) => `${escaped ? 'ESCAPED' : 'failed '}  ${what.padEnd(width)}  ${result}`,
  )
}
