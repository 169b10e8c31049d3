import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { bytes, duration } from '../../client/cli/amounts.ts'
import { fit, pad, plain, plainLines, table, width } from '../../client/cli/columns.ts'

test('a Chinese character takes two cells, a combining mark none', () => {
  assert.equal(width('numpy'), 5)
  assert.equal(width('申请 7'), 6)
  assert.equal(width('（）：。'), 8)
  assert.equal(width('e\u0301'), 1)
  assert.equal(width('📦'), 2)
})

test('a text is never cut within a wide character, and never wider than asked', () => {
  assert.equal(fit('申请已就绪', 6), '申请…')
  assert.equal(fit('申请', 4), '申请')
  assert.equal(fit('abc', 0), '')
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (text, cells) => {
      assert.ok(width(fit(text, cells)) <= cells)
      assert.ok(width(pad(fit(text, cells), cells)) === cells || width(text) > cells)
    }),
  )
})

test('nothing that others wrote can steer a terminal', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.doesNotMatch(plain(text), /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/)
      assert.doesNotMatch(plainLines(text), /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/)
    }),
  )
  assert.equal(plain('a\u001b]0;title\u0007b\u009b31m'), 'a ]0;title b 31m')
})

test('columns are as wide as their widest cell, and control characters in cells do no harm', () => {
  assert.deepEqual(
    table(
      ['A', 'B', 'C'],
      [
        ['1', '二二', 'x'],
        ['333', '', 'y\nz'],
      ],
    ),
    ['A    B     C', '1    二二  x', '333        y z'],
  )
})

test('a table of nothing is its titles', () => {
  assert.deepEqual(table(['A', 'B'], []), ['A  B'])
})

test('amounts read as people say them', () => {
  assert.deepEqual([0, 999, 1000, 3_400_000, 999_960, 2.5e12].map(bytes), [
    '0 B',
    '999 B',
    '1.0 KB',
    '3.4 MB',
    '1.0 MB',
    '2.5 TB',
  ])
  assert.deepEqual([0, 0.71, 9.96, 12.4, 59.7, 184, 3723].map(duration), [
    '0.0 s',
    '0.7 s',
    '10 s',
    '12 s',
    '1:00',
    '3:04',
    '1:02:03',
  ])
})
