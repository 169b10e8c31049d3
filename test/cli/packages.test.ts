import assert from 'node:assert/strict'
import { test } from 'node:test'
import { localMinute, localTime } from '../../client/cli/amounts.ts'
import { airlock, fakeConsole, problem, zh } from './console.ts'

const at = '2026-03-01T10:00:00.000Z'
const when = localTime(at)
const minute = localMinute(at)
const summary = (name: string) => ({ name, files: 2, bytes: 3_400_000, addedAt: at })
const listed = (next: string | null, ...names: string[]) => ({ body: { packages: names.map(summary), next } })

const numpy = {
  ecosystem: 'pip',
  name: 'numpy',
  summary: 'Arrays\u001b[31m of numbers',
  files: [file('1.26.4', ['pip/py38', 'pip/simple'], 18_000_000), file('2.1.0', ['pip/simple'], null)],
  requests: [
    { id: 9, root: false },
    { id: 7, root: true },
    { id: 5, root: false },
  ],
  neededBy: ['pandas', 'scipy'],
}
const described = {
  version: '2.1.0',
  fits: [],
  install: [{ target: 'default', line: 'pip install numpy' }],
  askers: [{ id: 7, requester: null, at }],
  description: null,
}

function file(version: string, indexes: string[], size: number | null) {
  const name = `numpy-${version}-cp311-cp311-manylinux_2_17_x86_64.whl`
  const rest = { sha256: '0'.repeat(64), origin: 'default', uploadedAt: null, addedAt: at, path: `/${name}`, facts: {} }
  return { file: name, version, size, indexes, ...rest }
}

test('what is mirrored of one ecosystem is a table', async (t) => {
  const { url } = await fakeConsole(t, { 'GET /api/packages/pip?limit=50': listed(null, 'numpy', 'six') })
  const { code, out, err } = await airlock(url, ['packages', 'pip'])
  assert.equal(
    out,
    [
      'ECOSYSTEM  NAME   FILES  SIZE    ADDED',
      `pip        numpy  2      3.4 MB  ${minute}`,
      `pip        six    2      3.4 MB  ${minute}`,
      '',
    ].join('\n'),
  )
  assert.deepEqual([code, err], [0, ''])
})

test('without an ecosystem there are both, and as JSON one document of each', async (t) => {
  const { url } = await fakeConsole(t, {
    'GET /api/packages/pip?limit=1': listed(null, 'numpy'),
    'GET /api/packages/apt?limit=1': listed('jq', 'jq'),
  })
  const { out } = await airlock(url, ['packages', '--limit', '1'])
  assert.match(out, /\npip {8}numpy .*\napt {8}jq .*\nThere are more: --limit 2\n$/)
  const json = JSON.parse((await airlock(url, ['packages', '--limit', '1', '--json'])).out) as object
  assert.deepEqual(json, { pip: listed(null, 'numpy').body, apt: listed('jq', 'jq').body })
})

test('pages are followed up to the limit and no further', async (t) => {
  const names = (from: number, count: number) => Array.from({ length: count }, (_, index) => `p${from + index}`)
  const { url, asked } = await fakeConsole(t, {
    'GET /api/packages/apt?limit=500&text=lib%2B%2B': listed('p499', ...names(0, 500)),
    'GET /api/packages/apt?limit=200&text=lib%2B%2B&cursor=p499': listed('p699', ...names(500, 200)),
  })
  const { code, out } = await airlock(url, ['packages', 'apt', '--text', 'lib++', '--limit', '700', '--json'])
  assert.equal(code, 0)
  const { packages, next } = JSON.parse(out) as { packages: object[]; next: string }
  assert.deepEqual([packages.length, next, asked.length], [700, 'p699', 2])
})

test('nothing there is said, with what was looked for, in both languages', async (t) => {
  const { url } = await fakeConsole(t, {
    'GET /api/packages/pip?limit=50': listed(null),
    'GET /api/packages/pip?limit=50&text=torch': listed(null),
  })
  assert.equal((await airlock(url, ['packages', 'pip'])).out, 'Nothing is mirrored yet.\n')
  const like = ['packages', 'pip', '--text', 'torch']
  assert.equal((await airlock(url, like)).out, 'Nothing that is mirrored has “torch” in its name.\n')
  assert.equal((await airlock(url, like, { env: zh })).out, '没有名称含 “torch” 的已镜像软件包。\n')
})

const one = {
  'GET /api/packages/pip/numpy': { body: numpy },
  'GET /api/packages/pip/numpy/description': { body: described },
}

test('one package shows its files, their indexes, who asked and what needs it', async (t) => {
  const { url } = await fakeConsole(t, one)
  const { code, out } = await airlock(url, ['packages', 'pip', 'numpy'])
  assert.equal(
    out,
    [
      'pip numpy: Arrays [31m of numbers',
      `  Asked for by:  -, request 7, ${when}`,
      '  Along with:    9, 5',
      '  Needed by:     pandas, scipy',
      '  In the pod:    pip install numpy  (default)',
      '',
      'VERSION  SIZE     INDEX                 ADDED             FILE',
      `1.26.4   18.0 MB  pip/py38, pip/simple  ${minute}  numpy-1.26.4-cp311-cp311-manylinux_2_17_x86_64.whl`,
      `2.1.0    ?        pip/simple            ${minute}  numpy-2.1.0-cp311-cp311-manylinux_2_17_x86_64.whl`,
      '',
    ].join('\n'),
  )
  assert.equal(code, 0)
})

test('a narrow terminal cuts no name of a file', async (t) => {
  const { url } = await fakeConsole(t, one)
  const { out } = await airlock(url, ['packages', 'pip', 'numpy'], { tty: true, columns: 40 })
  assert.match(out, /manylinux_2_17_x86_64\.whl\n$/)
})

test('one package is told in Chinese', async (t) => {
  const { url } = await fakeConsole(t, one)
  const { out } = await airlock(url, ['packages', 'pip', 'numpy'], { env: zh })
  assert.match(out, /申请： {11}-，申请 7，/)
  assert.match(out, /被谁依赖： {7}pandas, scipy/)
})

test('a project is found in any spelling, and a name is one segment of the path', async (t) => {
  const { url, asked } = await fakeConsole(t, {})
  await airlock(url, ['packages', 'pip', 'Zope.Interface__x', '--json'])
  await airlock(url, ['packages', 'apt', 'g++/../x', '--json'])
  assert.deepEqual(
    asked.map(({ line }) => line),
    ['GET /api/packages/pip/zope-interface-x', 'GET /api/packages/apt/g%2B%2B%2F..%2Fx'],
  )
})

test('--json prints a package byte for byte and asks nothing else', async (t) => {
  const body = '{"name" :"numpy"}'
  const { url, asked } = await fakeConsole(t, { 'GET /api/packages/pip/numpy': { body } })
  const { out } = await airlock(url, ['packages', 'pip', 'numpy', '--json'])
  assert.deepEqual([out, asked.length], [`${body}\n`, 1])
})

test('a package that is not mirrored is a problem', async (t) => {
  const absent = { status: 404, body: problem({ status: 404, detail: 'pip torch is not mirrored.' }) }
  const { url } = await fakeConsole(t, {
    'GET /api/packages/pip/torch': absent,
    'GET /api/packages/pip/torch/description': absent,
  })
  const { code, err, out } = await airlock(url, ['packages', 'pip', 'torch'])
  assert.deepEqual([code, out], [5, ''])
  assert.match(err, /pip torch is not mirrored\./)
})
