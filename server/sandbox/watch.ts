/** What a sandbox's processes have in memory together, which no limit of a process bounds. */
import { readdir, readFile, readlink } from 'node:fs/promises'

/** Milliseconds. Often enough that what is taken in between is small beside a machine's memory. */
const every = 150
/** Sockets that any program may have, without what they may hold being taken for memory that it uses. */
const fewSockets = 32

/** Calls `over` once, when the descendants of `pid` have more than `maxBytes` of their own, the kernel's buffers of their sockets included; until stopped. */
export function watchMemory(pid: number, maxBytes: number, over: () => void): () => void {
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  const buffer = bufferOfSocket()
  async function look(): Promise<void> {
    const pids = await descendants(pid)
    const each = await buffer
    // quick and, where memory is shared or files are open, too much; exact and slow only then
    const mayBe = (await sum(pids, resident)) + (await sum(pids, openFiles)) * each
    const tooMuch = mayBe > maxBytes && (await sum(pids, proportional)) + (await sockets(pids)) * each > maxBytes
    if (stopped) return
    if (tooMuch) over()
    else timer = setTimeout(() => void look(), every)
  }
  timer = setTimeout(() => void look(), every)
  return () => {
    stopped = true
    clearTimeout(timer)
  }
}

async function descendants(pid: number): Promise<readonly number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => [])
  const lists = await Promise.all(threads.map((thread) => read(`/proc/${pid}/task/${thread}/children`)))
  const children = lists.flatMap((list) => list.split(' ')).filter((child) => child !== '')
  const below = await Promise.all(children.map((child) => descendants(Number(child))))
  return [...children.map(Number), ...below.flat()]
}

async function sum(pids: readonly number[], bytes: (pid: number) => Promise<number>): Promise<number> {
  return (await Promise.all(pids.map(bytes))).reduce((all, one) => all + one, 0)
}

async function resident(pid: number): Promise<number> {
  return kilobytes(await read(`/proc/${pid}/status`), /^(?:RssAnon|RssShmem|VmSwap):\s+(\d+) kB$/gm)
}

async function proportional(pid: number): Promise<number> {
  return kilobytes(await read(`/proc/${pid}/smaps_rollup`), /^(?:Pss_Anon|Pss_Shmem|SwapPss):\s+(\d+) kB$/gm)
}

async function openFiles(pid: number): Promise<number> {
  return (await descriptors(pid)).length
}

/** How many there are beyond a few, each once however many processes share it. */
async function sockets(pids: readonly number[]): Promise<number> {
  const seen = new Set<string>()
  for (const pid of pids) {
    for (const descriptor of await descriptors(pid)) {
      const leads = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '')
      if (leads.startsWith('socket:')) seen.add(leads)
    }
  }
  return Math.max(0, seen.size - fewSockets)
}

function descriptors(pid: number): Promise<readonly string[]> {
  return readdir(`/proc/${pid}/fd`).catch(() => [])
}

/** socket(7): the most that one may hold that waits to be read, which the kernel counts twice, for its own part. */
async function bufferOfSocket(): Promise<number> {
  return 2 * (Number(await read('/proc/sys/net/core/wmem_max')) || 212_992)
}

function kilobytes(text: string, lines: RegExp): number {
  return [...text.matchAll(lines)].reduce((all, [, number]) => all + Number(number) * 1024, 0)
}

/** A process that has gone has nothing. */
function read(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '')
}
