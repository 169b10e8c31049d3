import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytes, day, duration, secondsLeft, span } from '../../client/page/amounts.ts'
import { byColumn, shapeOf } from '../../client/page/packages/files.ts'
import {
  aptKey,
  aptSourceCommand,
  exactly,
  pipEach,
  pipOnce,
  setUp,
  setUpMounted,
  uvOnce,
} from '../../client/page/pod/commands.ts'
import { causeOf } from '../../client/page/queue/cause.ts'
import { layers } from '../../client/page/request/layers.ts'

test('sizes are short and never say 1000', () => {
  const said = [0, 999, 1000, 9949, 9950, 999_499, 999_500, 34_100_000, 1.9e9, 3.1e12, 5e15].map(bytes)
  assert.deepEqual(said, [
    '0 B',
    '999 B',
    '1.0 KB',
    '9.9 KB',
    '10 KB',
    '999 KB',
    '1.0 MB',
    '34 MB',
    '1.9 GB',
    '3.1 TB',
    '5000 TB',
  ])
})

test('ages take the largest unit, durations count', () => {
  assert.deepEqual(
    [-3, 4, 5, 59, 60, 3599, 3600, 47 * 3600, 48 * 3600].map((s) => Object.values(span(s)).join(' ')),
    ['now 0', 'now 0', 'seconds 5', 'seconds 59', 'minutes 1', 'minutes 59', 'hours 1', 'hours 47', 'days 2'],
  )
  assert.deepEqual([-1, 0.04, 9.94, 9.96, 59.4, 59.6, 3600, 3725].map(duration), [
    '0.0 s',
    '0.0 s',
    '9.9 s',
    '10 s',
    '59 s',
    '1:00',
    '1:00:00',
    '1:02:05',
  ])
})

test('a release has a day, in the reader’s own time zone', () => {
  const late = new Date(2023, 0, 14, 23, 59, 59)
  assert.equal(day(late.toISOString()), '2023-01-14')
})

test('what is left of a download is said only where it can be told', () => {
  assert.equal(secondsLeft({ bytes: 50, bytesTotal: 100, bytesPerSecond: 10 }), 5)
  for (const unknown of [
    { bytes: 50, bytesTotal: null, bytesPerSecond: 10 },
    { bytes: 50, bytesTotal: 100, bytesPerSecond: 0 },
    { bytes: 100, bytesTotal: 100, bytesPerSecond: 10 },
  ])
    assert.equal(secondsLeft(unknown), null)
})

test('a failure is told by its cause, not by its kind', () => {
  const explanation = 'error: No solution found\ncause: Because a has no wheels\nfor you, it cannot be.\nhint: try b'
  const detail = `Cannot be met together on default:\n${explanation}`
  assert.equal(causeOf({ detail, fields: { explanation } }), 'Because a has no wheels for you, it cannot be.')
  assert.equal(causeOf({ detail: 'No package is called “x”.', fields: {} }), 'No package is called “x”.')
  assert.equal(causeOf({ detail: 'One line.', fields: { explanation } }), 'One line.')
  assert.equal(causeOf({ detail: 'a:\nb', fields: { explanation: 7 } }), 'a:')
  assert.equal(causeOf({ detail: 'x'.repeat(500), fields: {} }).length, 200)
})

test('file names are read into columns, and strange ones do no harm', () => {
  const shape = (file: string) => Object.values(shapeOf(file)).join(' ')
  assert.equal(
    shape('numpy-1.26.4-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl'),
    'cp311 manylinux_2_17 x86_64',
  )
  assert.equal(shape('six-1.17.0-py2.py3-none-any.whl'), 'py3 any')
  assert.equal(shape('cryptography-43-cp39-abi3-musllinux_1_2_aarch64.whl'), 'cp39+ musllinux_1_2 aarch64')
  assert.equal(shape('tree_2.1.0-1_amd64.deb'), 'amd64 ')
  for (const odd of ['', 'x', '-----.whl', 'docopt-0.6.2.tar.gz']) assert.equal(shape(odd), 'source any')
  assert.deepEqual(['source', 'cp311', 'py3', 'cp39+', 'cp38'].toSorted(byColumn), [
    'py3',
    'cp38',
    'cp39+',
    'cp311',
    'source',
  ])
})

test('a picture places roots first and survives cycles, strangers and itself', () => {
  const node = (name: string, ...neededBy: string[]) => ({ name, neededBy, root: neededBy.length === 0 })
  const placed = (nodes: Parameters<typeof layers>[0]) =>
    Object.fromEntries(layers(nodes).map(({ name, layer }) => [name, layer]))
  assert.deepEqual(placed([node('a'), node('b', 'a'), node('c', 'a', 'b')]), { a: 0, b: 1, c: 2 })
  const cycle = placed([node('a', 'b'), node('b', 'a'), node('c', 'c', 'nobody')])
  assert.deepEqual(Object.keys(cycle).toSorted(), ['a', 'b', 'c'])
  assert.deepEqual(layers([]), [])
})

test('commands name the real address, and trust a plain one only where pip asks for it', () => {
  const office = 'http://airlock.example:8080/pip/simple/'
  assert.equal(
    pipOnce(office),
    `pip config set global.index-url ${office} && pip config set global.trusted-host airlock.example`,
  )
  assert.equal(pipEach(office, 'x'), `pip install --index-url ${office} --trusted-host airlock.example x`)
  assert.equal(uvOnce(office), `export UV_DEFAULT_INDEX=${office} UV_INSECURE_HOST=airlock.example:8080`)
  for (const safe of [
    'https://airlock.example/pip/simple/',
    'http://127.0.0.1:8080/pip/simple/',
    'http://localhost/pip/simple/',
  ])
    assert.equal(pipOnce(safe), `pip config set global.index-url ${safe}`)
  assert.match(exactly(office, 7)!, /-r http:\/\/airlock\.example:8080\/pip\/requests\/7\/requirements\.txt$/)
  const apt = 'http://airlock.example:8080/apt/trixie/'
  assert.match(aptKey(apt)!, /curl -fsS http:\/\/airlock\.example:8080\/homepod\/airlock\.asc -o /)
  assert.match(aptSourceCommand(apt)!, /URIs: http:\/\/airlock\.example:8080\/apt\/\\nSuites: trixie\/\\n/)
  const fetched =
    '/usr/lib/apt/apt-helper -o Acquire::EnableSrvRecords=false download-file http://airlock.example:8080/homepod/setup.sh setup.sh'
  assert.equal(setUp(office, 'default'), `${fetched} && sh setup.sh http://airlock.example:8080`)
  assert.equal(setUp(apt, 'trixie'), `${fetched} && sh setup.sh http://airlock.example:8080 --target trixie`)
  assert.equal(setUpMounted('trixie'), 'sh /opt/public/airlock/homepod/setup.sh --target trixie')
  assert.equal(setUp('/pip/simple/', 'default'), null)
  for (const odd of ['', '/pip/simple/', 'ftp://x/'])
    assert.deepEqual([aptKey(odd), aptSourceCommand(odd), exactly(odd, 1)], [null, null, null])
})
