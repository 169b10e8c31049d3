import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createSandboxLog, printable } from '../../server/sandbox/log.ts'
import { attack } from './hostile.ts'
import { ownTime } from '../support/own-time.ts'

const ill = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/

test('escape sequences, titles, links and bells are gone; what they coloured stays', () => {
  assert.equal(printable('\u001b[1;31merror\u001b[0m: \u001b]0;title\u0007no'), 'error: no')
  assert.equal(printable('\u001b]8;;http://airlock.example\u0007link\u001b]8;;\u0007'), 'link')
  assert.equal(printable('a\u0007b\u0000c\u009b31md'), 'a\ufffdb\ufffdcd')
})

test('text that runs the other way or cannot be seen is marked', () => {
  assert.equal(printable('safe\u202egnp.exe'), 'safe\ufffdgnp.exe')
  assert.equal(printable('a\u200bb\u2066c\ufeffd\u{e0041}e'), 'a\ufffdb\ufffdc\ufffdd\ufffde')
})

test('a progress bar is its last state', () => {
  assert.equal(printable('10%\r50%\r100%'), '100%')
  assert.equal(printable('windows\r'), 'windows')
})

test('other languages stay as they are', () => {
  assert.equal(printable('错误：找不到 libfoo — ünïcödé 🦊'), '错误：找不到 libfoo — ünïcödé 🦊')
})

test('a long line is cut', () => {
  assert.equal(printable('x'.repeat(9999)).length, 4001)
})

for (const [what, line] of [
  ['carriage returns', '\r'.repeat(1_000_000) + 'x'],
  ['returns at the end', 'x' + '\r'.repeat(1_000_000)],
  ['titles without end', '\u001b]'.repeat(500_000)],
  ['links without end', '\u001b]8;;'.repeat(200_000)],
  ['colours', '\u001b[1;31mx\u001b[0m'.repeat(80_000)],
] as const)
  test(`a million ${what} take no time`, () => {
    const from = ownTime()
    const shown = printable(line)
    assert.ok(shown.length <= 4001 && !ill.test(shown))
    // quadratic work would be minutes
    assert.ok(ownTime() - from < 2000)
  })

test('whatever bytes come, in whatever pieces, the log can be shown and lines agree with it', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (chunks) => {
      const lines: string[] = []
      const log = createSandboxLog(1000, (line) => lines.push(line))
      for (const chunk of chunks) log.write(Buffer.from(chunk))
      const text = log.end()
      assert.doesNotMatch(text, ill)
      assert.equal(text, lines.join('\n'))
    }),
  )
})

test('a character that two pieces share is one', () => {
  const log = createSandboxLog(100)
  const bytes = Buffer.from('中文\n')
  log.write(bytes.subarray(0, 4))
  log.write(bytes.subarray(4))
  assert.equal(log.end(), '中文')
})

test('only so many bytes are kept, and it is said that there were more', () => {
  const log = createSandboxLog(10)
  log.write(Buffer.from('0123456789'))
  assert.equal(log.full(), false)
  log.write(Buffer.from('x'))
  assert.equal(log.full(), true)
  assert.equal(log.end(), '0123456789')
})

test('a log full of escape sequences comes out of a sandbox as text', async (t) => {
  const code = String.raw`
out = os.fdopen(1, 'wb')
out.write(b'\x1b[2J\x1b[H\x1b]0;owned\x07\x1b[31mred\x1b[0m\r\n\x1bP1$tx\x1b\\\xff\xfe\x00\x9b1m\n\xe2\x80\xaertl\n')
out.write(bytes(range(256)))`
  const { log } = await attack(t, code)
  assert.doesNotMatch(log, ill)
  assert.match(log, /^red\n/)
})
