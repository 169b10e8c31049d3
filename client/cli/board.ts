/** How far requests are: a line each that changes in place on a terminal, else a line for each change of state. */
import type { RequestView } from '../../server/contract.ts'
import { bytes, duration } from './amounts.ts'
import { fit, pad, plain } from './columns.ts'
import type { Out } from './context.ts'
import { isFinished } from './exits.ts'
import { stateOf } from './request-words.ts'
import type { Words } from './texts.ts'

export type Board = {
  /** All requests as they are now, each time in the same order. */
  show(requests: readonly RequestView[]): void
  /** A line of its own. */
  note(text: string): void
  /** Leaves what is shown. Repeatable. */
  close(): void
}

/** For `--json`: nothing is shown. */
export const silentBoard: Board = { show: () => {}, note: () => {}, close: () => {} }

export function createBoard(out: Out, words: Words): Board {
  return out.isTTY ? createLiveBoard(out, words) : createPlainBoard(out, words)
}

function createPlainBoard(out: Out, words: Words): Board {
  const said = new Map<number, string>()
  return {
    show(requests) {
      for (const request of requests) {
        const line = stateLine(request, words)
        if (said.get(request.id) !== line) out.write(`${line}\n`)
        said.set(request.id, line)
      }
    },
    note: (text) => void out.write(`${text}\n`),
    close: () => {},
  }
}

function createLiveBoard(out: Out, words: Words): Board {
  let shown: string[] = []
  const erase = () => (shown.length > 0 ? `\u001b[${shown.length}A\u001b[J` : '')
  return {
    show(requests) {
      // One cell stays free, since some terminals wrap at the last one.
      const cells = (out.columns || 80) - 1
      const lines = requests.map((request) => fit(progressLine(request, words), cells))
      out.write(`${erase()}${lines.map((line) => `${line}\n`).join('')}`)
      shown = lines
    },
    note(text) {
      out.write(`${erase()}${text}\n${shown.map((line) => `${line}\n`).join('')}`)
    },
    close() {
      shown = []
    },
  }
}

function stateLine(request: RequestView, words: Words): string {
  const { id, target, state, waiting } = request
  const line = words('line', { id, target: plain(target), state: stateOf(request, words) })
  return waiting && !isFinished(state) ? `${line} (${plain(waiting.detail)})` : line
}

/** `request 7 (default): downloading  ██████░░░░░░  48%  12/90 files  34.1 MB/71.0 MB  12.3 MB/s  3.0 s left` */
function progressLine(request: RequestView, words: Words): string {
  const { progress, state, waiting } = request
  if (state === 'building' && progress?.doing && !waiting) {
    const fields = { built: progress.files, total: progress.filesTotal, what: plain(progress.doing) }
    return `${stateLine(request, words)}  ${words('lineBuilding', fields)}`
  }
  if (state !== 'downloading' || progress === null || waiting) return stateLine(request, words)
  const { files, filesTotal, bytesTotal, bytesPerSecond } = progress
  const parts = [stateLine(request, words)]
  if (bytesTotal !== null && bytesTotal > 0) parts.push(bar(progress.bytes / bytesTotal))
  parts.push(words('lineFiles', { files, total: filesTotal }))
  parts.push(bytesTotal === null ? bytes(progress.bytes) : `${bytes(progress.bytes)}/${bytes(bytesTotal)}`)
  if (bytesPerSecond > 0) {
    parts.push(`${bytes(Math.round(bytesPerSecond))}/s`)
    if (bytesTotal !== null)
      parts.push(words('lineLeft', { time: duration(Math.max(0, bytesTotal - progress.bytes) / bytesPerSecond) }))
  }
  return parts.join('  ')
}

function bar(share: number): string {
  const whole = Math.min(1, Math.max(0, share))
  return `${pad('█'.repeat(Math.round(whole * 12)), 12).replaceAll(' ', '░')} ${String(Math.floor(whole * 100)).padStart(3)}%`
}
