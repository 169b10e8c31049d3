import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBoard } from '../../client/cli/board.ts'
import { width } from '../../client/cli/columns.ts'
import { createWords } from '../../client/cli/texts.ts'
import { airlock, fakeConsole, problem, request } from './console.ts'

const downloading = request({
  state: 'downloading',
  progress: { files: 12, filesTotal: 90, bytes: 34_100_000, bytesTotal: 71_000_000, bytesPerSecond: 12_300_000 },
})

/** What a terminal shows after what was written to it: only what the board uses is understood. */
function screen(written: string): string[] {
  let lines: string[] = []
  for (const [whole, up] of written.matchAll(/\u001b\[(\d+)A\u001b\[J|[^\n]*\n/g)) {
    if (up !== undefined) lines = lines.slice(0, lines.length - Number(up))
    else lines.push(whole.slice(0, -1))
  }
  return lines
}

function terminal(columns = 120, language: 'en' | 'zh' = 'en') {
  let written = ''
  const out = { isTTY: true, columns, write: (text: string) => (written += text) }
  return { board: createBoard(out, createWords(language)), screen: () => screen(written) }
}

test('a download shows its bar, files, bytes, rate and the time left', () => {
  const { board, screen: shown } = terminal()
  board.show([downloading])
  assert.deepEqual(shown(), [
    'request 7 (default): downloading  ██████░░░░░░  48%  12/90 files  34.1 MB/71.0 MB  12.3 MB/s  3.0 s left',
  ])
})

test('a download shows itself in Chinese', () => {
  const { board, screen: shown } = terminal(120, 'zh')
  board.show([downloading])
  assert.match(shown()[0]!, /^申请 7（default）：下载中 {2}█+░+ {2}48% {2}12\/90 个文件 .* 剩余 3\.0 s$/)
})

test('each request has one line, which changes in place', () => {
  const { board, screen: shown } = terminal()
  for (const state of ['queued', 'solving', 'ready'] as const)
    board.show([request({ state }), request({ id: 8, target: 'old' })])
  assert.deepEqual(shown(), ['request 7 (default): ready', 'request 8 (old): queued'])
})

test('a note stands above the lines that change', () => {
  const { board, screen: shown } = terminal()
  board.show([request()])
  board.note('The server answers again.')
  board.show([request({ state: 'ready' })])
  board.close()
  assert.deepEqual(shown(), ['The server answers again.', 'request 7 (default): ready'])
})

test('no line is wider than the terminal, so that none wraps', () => {
  for (const columns of [10, 40, 79]) {
    const { board, screen: shown } = terminal(columns, 'zh')
    board.show([downloading])
    assert.ok(width(shown()[0]!) < columns)
  }
})

test('what is not known yet is left out', () => {
  const { board, screen: shown } = terminal()
  board.show([
    request({ state: 'downloading', progress: { ...downloading.progress!, bytesTotal: null, bytesPerSecond: 0 } }),
  ])
  assert.deepEqual(shown(), ['request 7 (default): downloading  12/90 files  34.1 MB'])
})

test('a file that turned out larger than stated does not break the bar', () => {
  const { board, screen: shown } = terminal()
  board.show([request({ state: 'downloading', progress: { ...downloading.progress!, bytes: 80_000_000 } })])
  assert.match(shown()[0]!, /█{12} 100% .* 0\.0 s left$/)
})

test('a closure without bytes shows no share of nothing', () => {
  const { board, screen: shown } = terminal()
  board.show([
    request({
      state: 'downloading',
      progress: { files: 0, filesTotal: 0, bytes: 0, bytesTotal: 0, bytesPerSecond: 0 },
    }),
  ])
  assert.doesNotMatch(shown()[0]!, /NaN|Infinity/)
})

test('a download that waits says for what instead', () => {
  const { board, screen: shown } = terminal()
  board.show([{ ...downloading, waiting: problem({ detail: 'The disk\u001b[2J is full.' }) }])
  assert.deepEqual(shown(), ['request 7 (default): downloading (The disk [2J is full.)'])
})

test('on a terminal the whole wait leaves one line and the result', async (t) => {
  const { url } = await fakeConsole(t, {
    'GET /api/requests/7': [{ body: request() }, { body: downloading }, { body: request({ state: 'ready' }) }],
  })
  const { code, out, err } = await airlock(url, ['status', '7', '--wait'], { tty: true, columns: 100 })
  assert.deepEqual(screen(err), ['request 7 (default): ready'])
  assert.match(err, /downloading {2}█/)
  assert.match(out, /^Request 7 is ready for default\. Install it in the pod:\n {2}pip install/)
  assert.equal(code, 0)
})
