/** What a sandbox's processes have in memory together, which no limit of a process bounds. */
import { readdir, readFile } from 'node:fs/promises'

/** Milliseconds. Often enough that what is taken in between is small beside a machine's memory. */
const every = 150

/** Calls `over` once, when the descendants of `pid` have more than `maxBytes` of their own; until stopped. */
export function watchMemory(pid: number, maxBytes: number, over: () => void): () => void {
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  async function look(): Promise<void> {
    const pids = await descendants(pid)
    // quick and, where memory is shared, too much; exact and slow only then
    const tooMuch = (await sum(pids, resident)) > maxBytes && (await sum(pids, proportional)) > maxBytes
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

function kilobytes(text: string, lines: RegExp): number {
  return [...text.matchAll(lines)].reduce((all, [, number]) => all + Number(number) * 1024, 0)
}

/** A process that has gone has nothing. */
function read(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '')
}
