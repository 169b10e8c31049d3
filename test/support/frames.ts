/**
 * Every frame on one link, ARP too, in the order of questions:
 *
 *   const wire = await watchLink(t, outside, 'eth0')
 *   await wire.since()     { 'udp 10.77.2.1:* > 10.77.2.4:53': 2, arp: 1 }: what was sent since the last question
 *
 * A frame that was lost in counting is an error.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { hostPython } from './clients.ts'
import type { Namespace } from './namespaces.ts'

export type Frames = Readonly<Record<string, number>>
export type Wire = { since(): Promise<Frames> }

const script = fileURLToPath(new URL('frames.py', import.meta.url))

/** `file`: where the frames themselves are kept. */
export async function watchLink(
  t: Pick<TestContext, 'after'>,
  { enter }: Namespace,
  link: string,
  file?: string,
): Promise<Wire> {
  const line = [...enter, hostPython().path, script, link, ...(file === undefined ? [] : [file])]
  const child = spawn(line[0]!, line.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'close')
  t.after(async () => {
    child.stdin.end()
    await ended
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async () => {
    const { value, done } = (await lines.next()) as { value: string; done?: boolean }
    if (done) throw new Error(`nobody counts the frames on ${link}`)
    return value
  }
  await next()
  return {
    async since() {
      child.stdin.write('?\n')
      const { lost, seen } = JSON.parse(await next()) as { lost: number; seen: Frames }
      if (lost > 0) throw new Error(`${lost} frames on ${link} were not counted`)
      return seen
    },
  }
}

export const countOf = (frames: Frames): number => Object.values(frames).reduce((sum, count) => sum + count, 0)
