/**
 * One system call of a running server refused, or the last that it makes: strace is put to one of its threads for as long
 * as a test wants, so that counting begins there and no child of the server is touched.
 *
 *   const struck = await strike(airlock.pid(), { thread: 'files', call: 'rename', fault: 'EIO', when: 3 })
 *   … what should meet it
 *   await struck.end()          `rename("/…/.part", "/…/six.whl")`; null: there were fewer than three
 *
 * The server must run with UV_THREADPOOL_SIZE=1: then the n-th call is the same one in every run, near enough.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export type Strike = {
  /** Where files are written (libuv's thread), or where the database is (the main one). */
  readonly thread: 'files' | 'database'
  readonly call: string
  readonly fault: 'SIGKILL' | 'EIO' | 'ENOSPC'
  /** From 1. */
  readonly when: number
}

const names = { files: 'libuv-worker', database: 'node-MainThread' }

/** Resolves once strace is there. `end` takes it away, and throws when it failed by itself. */
export async function strike(pid: number, { thread, call, fault, when }: Strike) {
  const id = await threadOf(pid, names[thread])
  const folder = await mkdtemp(join(tmpdir(), 'airlock-strike-'))
  const log = join(folder, 'log')
  const effect = fault === 'SIGKILL' ? 'signal=SIGKILL' : `error=${fault}`
  const options = [
    '-qq',
    '-y',
    '-s',
    '200',
    '-o',
    log,
    '-e',
    `trace=${call}`,
    '-e',
    `inject=${call}:${effect}:when=${when}`,
  ]
  const tracer = spawn('strace', [...options, '-p', String(id)], { stdio: ['ignore', 'ignore', 'pipe'] })
  const said: string[] = []
  tracer.stderr.setEncoding('utf8').on('data', (text: string) => said.push(text))
  const ended = once(tracer, 'exit')
  while (!(await isTraced(pid, id))) {
    if (tracer.exitCode !== null) throw new Error(`strace ended: ${said.join('')}`)
    await sleep(5)
  }
  return {
    /** What was hit. */
    async end(): Promise<string | null> {
      // where the server is dead, strace ends when it has written that down
      const isOver = () => !existsSync(`/proc/${pid}/task/${id}`) || isZombie(pid)
      if (!isOver()) tracer.kill('SIGINT')
      await ended
      const text = await readFile(log, 'utf8')
      await rm(folder, { recursive: true })
      const lines = text.trim().split('\n')
      // the call that a kill came before is the last one begun
      return lines.findLast((line) => line.startsWith(call) && /\(INJECTED\)|= \?$/.test(line.trim())) ?? null
    },
  }
}

async function threadOf(pid: number, name: string): Promise<number> {
  const ids = await readdir(`/proc/${pid}/task`)
  for (const id of ids) {
    if ((await readFile(`/proc/${pid}/task/${id}/comm`, 'utf8')).trim() === name) return Number(id)
  }
  throw new Error(`the server has no thread ${name}`)
}

function isZombie(pid: number): boolean {
  return /^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
}

async function isTraced(pid: number, id: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/task/${id}/status`, 'utf8').catch(() => '')
  return !/^TracerPid:\t0$/m.test(status)
}
