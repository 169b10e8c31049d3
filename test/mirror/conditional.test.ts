import assert from 'node:assert/strict'
import { test } from 'node:test'
import { httpDate, isUnchanged, matchesTag, spanOf, type Span } from '../../server/mirror/conditional.ts'

const etag = '"abc"'
const mtimeMs = Date.UTC(2024, 0, 2, 3, 4, 5, 678)
const now = { etag, mtimeMs }
const date = 'Tue, 02 Jan 2024 03:04:05 GMT'

test('a date is written in whole seconds', () => assert.equal(httpDate(mtimeMs), date))

const tags: readonly (readonly [header: string, matches: boolean])[] = [
  ['"abc"', true],
  ['W/"abc"', true],
  ['*', true],
  ['"x", "abc"', true],
  ['"x" , W/"abc","y"', true],
  ['abc', false],
  ['"ab"', false],
  ['"abc', false],
  ['w/"abc"', false],
  ['"x", "y"', false],
  ['', false],
  [',,,', false],
]

test('If-None-Match takes lists, * and tags that a proxy weakened', () => {
  for (const [header, matches] of tags) assert.equal(matchesTag(header, etag), matches, header)
})

test('a copy of exactly this version is unchanged, and of no other', () => {
  const since = (header: string) => isUnchanged({ 'if-modified-since': header }, now)
  assert.equal(isUnchanged({}, now), false)
  assert.equal(since(date), true)
  assert.equal(since('Tue, 02 Jan 2024 03:04:04 GMT'), false)
  assert.equal(since('Tue, 02 Jan 2024 03:04:06 GMT'), false, 'a tree that was put back is not what the client has')
  assert.equal(since('Tuesday, 02-Jan-24 03:04:05 GMT'), false)
  assert.equal(since('never'), false)
  assert.equal(since(''), false)
})

test('a tag that differs outweighs a date that fits', () => {
  assert.equal(isUnchanged({ 'if-none-match': '"other"', 'if-modified-since': date }, now), false)
  assert.equal(isUnchanged({ 'if-none-match': etag, 'if-modified-since': 'never' }, now), true)
})

const size = 1000
const ranges: readonly (readonly [range: string | undefined, span: Span | null | 'unsatisfiable'])[] = [
  [undefined, null],
  ['bytes=0-', { start: 0, end: 1000 }],
  ['bytes=0-0', { start: 0, end: 1 }],
  ['bytes=10-19', { start: 10, end: 20 }],
  ['bytes=990-2000', { start: 990, end: 1000 }],
  ['bytes=999-', { start: 999, end: 1000 }],
  ['bytes=-1', { start: 999, end: 1000 }],
  ['bytes=-1000', { start: 0, end: 1000 }],
  ['bytes=-5000', { start: 0, end: 1000 }],
  ['bytes=1000-', 'unsatisfiable'],
  ['bytes=1000-1001', 'unsatisfiable'],
  ['bytes=999999999999999-', 'unsatisfiable'],
  ['bytes=-0', 'unsatisfiable'],
  ['bytes=20-10', null],
  ['bytes=-', null],
  ['bytes=', null],
  ['bytes=0-1,5-6', null],
  ['bytes=0-1, 5-6', null],
  ['bytes=a-b', null],
  ['bytes=0x1-', null],
  ['bytes=1.5-2', null],
  ['bytes=+1-2', null],
  ['bytes=--1', null],
  ['bytes= 0-1', null],
  ['bytes=0-1 ', null],
  ['Bytes=0-1', null],
  ['items=0-1', null],
  ['0-1', null],
  ['bytes=99999999999999999999-', null],
  ['bytes=0-99999999999999999999', null],
]

test('one range is a part, several or a malformed one are the whole, one past the end is none', () => {
  for (const [range, span] of ranges) assert.deepEqual(spanOf({ range }, size, now), span, String(range))
})

test('an empty file has no range', () => {
  for (const range of ['bytes=0-', 'bytes=0-0', 'bytes=-1']) assert.equal(spanOf({ range }, 0, now), 'unsatisfiable')
})

test('If-Range with another version, a weak tag or another date gives the whole file', () => {
  const range = 'bytes=10-19'
  const part = { start: 10, end: 20 }
  assert.deepEqual(spanOf({ range, 'if-range': etag }, size, now), part)
  assert.deepEqual(spanOf({ range, 'if-range': date }, size, now), part)
  for (const other of [
    '"old"',
    'W/"abc"',
    'abc',
    '*',
    'Tue, 02 Jan 2024 03:04:04 GMT',
    'Tue, 02 Jan 2024 03:04:06 GMT',
    '',
  ])
    assert.equal(spanOf({ range, 'if-range': other }, size, now), null, other)
})
