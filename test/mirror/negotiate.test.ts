import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseForm, remembered, takesGzip, type Form } from '../../server/mirror/negotiate.ts'
import { pipAccept } from './fixture.ts'

const v1 = (form: string) => `application/vnd.pypi.simple.v1+${form}`
const latest = (form: string) => `application/vnd.pypi.simple.latest+${form}`

const accepts: readonly (readonly [accept: string | undefined, form: Form])[] = [
  [undefined, 'text'],
  ['', 'text'],
  ['*/*', 'text'],
  ['text/*', 'text'],
  ['text/html', 'text'],
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text'],
  [v1('json'), 'json'],
  [latest('json'), 'json'],
  [v1('html'), 'html'],
  [latest('html'), 'html'],
  [pipAccept, 'json'],
  [`${v1('json')}, ${v1('html')};q=0.2, text/html;q=0.01`, 'json'],
  [`${v1('json')};q=0.1, text/html`, 'text'],
  [`${v1('json')};q=0.1, ${v1('html')};q=0.5`, 'html'],
  [`${v1('json')}; Q=0.9, text/html; q=0.8`, 'json'],
  [v1('JSON').toUpperCase(), 'json'],
  [`${v1('json')}, */*;q=0.1`, 'json'],
  [`${v1('json')};q=0.1, */*`, 'text'],
  [`${v1('json')};q=0, */*;q=0.1`, 'text'],
  [`text/html;q=0, */*;q=0.1, ${v1('json')};q=0.05`, 'json'],
  [`${v1('json')};q=0`, 'text'],
  [`${v1('json')};q=2, text/html;q=0.1`, 'text'],
  [`${v1('json')};q=-1, text/html;q=0.1`, 'text'],
  [`${v1('json')};q=abc, text/html;q=0.1`, 'text'],
  [`${v1('json')};charset=utf-8;q=0.3, text/html;q=0.1`, 'json'],
  [`${v1('json')}, text/html`, 'text'],
  ['application/json', 'text'],
  ['image/png', 'text'],
  ['application/vnd.pypi.simple.v2+json', 'text'],
  [',,,;;;q=,', 'text'],
  ['constructor, __proto__, toString', 'text'],
]

test('Accept decides the form of a page as PEP 691 says, and never ends in 406', () => {
  for (const [accept, form] of accepts) assert.equal(chooseForm(accept), form, `Accept: ${accept}`)
})

const encodings: readonly (readonly [header: string | undefined, gzip: boolean])[] = [
  [undefined, false],
  ['', false],
  ['gzip', true],
  ['GZIP', true],
  ['x-gzip', true],
  ['gzip, deflate', true],
  ['deflate, gzip;q=1.0, *;q=0.5', true],
  ['br, zstd', false],
  ['identity', false],
  ['gzip;q=0', false],
  ['gzip; q=0.000', false],
  ['*', true],
  ['*;q=0', false],
  ['gzip;q=0, *', false],
  ['gzipped', false],
]

test('Accept-Encoding decides about gzip, and q=0 refuses it', () => {
  for (const [header, gzip] of encodings) assert.equal(takesGzip(header), gzip, `Accept-Encoding: ${header}`)
})

test('remembered answers are those that were decided, however many headers there are', () => {
  let decided = 0
  const length = remembered((header) => (decided++, header?.length ?? -1))
  for (let round = 0; round < 2; round++)
    for (let size = 0; size < 1000; size++) assert.equal(length('x'.repeat(size)), size)
  assert.equal(length(undefined), -1)
  const before = decided
  for (let again = 0; again < 100; again++) assert.equal(length('x'), 1)
  assert.ok(decided <= before + 1)
})
