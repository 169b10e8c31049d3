import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dependencyEdges, parseMetadata } from '../../server/pip/dependants.ts'
import { parseRequirement } from '../../server/pip/requirement.ts'

const target = { python: '3.11.7', implementation: 'cpython', platform: 'x86_64-manylinux_2_36' } as const

/** The edges of a closure: name -> Requires-Dist lines; null: no metadata. */
function edges(closure: Readonly<Record<string, readonly string[] | null>>, ...roots: readonly string[]) {
  const nodes = Object.entries(closure).map(([name, lines]) => ({
    name,
    metadata: lines && parseMetadata(Buffer.from(lines.map((line) => `Requires-Dist: ${line}\n`).join(''))),
  }))
  return dependencyEdges(nodes, roots.map(parseRequirement), target)
}

test('who needs whom is read from Requires-Dist, sorted, whatever a name’s spelling', () => {
  assert.deepEqual(edges({ app: ['Some.Lib>=1', 'base'], 'some-lib': ['BASE (>=2)'], base: [] }, 'app'), {
    app: [],
    'some-lib': ['app'],
    base: ['app', 'some-lib'],
  })
})

test('what is not in the closure is no edge', () => {
  assert.deepEqual(edges({ app: ['gone', 'base'], base: ['also-gone'] }, 'app'), { app: [], base: ['app'] })
})

test('a dependency whose marker does not apply to the target is no edge', () => {
  const closure = {
    app: ['a; sys_platform == "win32"', 'b; python_version < "3.11"', 'c; python_version >= "3.11"'],
    a: [],
    b: [],
    c: [],
  }
  assert.deepEqual(edges(closure, 'app', 'a', 'b'), { app: [], a: [], b: [], c: ['app'] })
})

test('a dependency of an extra is an edge only where the extra is asked for', () => {
  const closure = { app: ['a; extra == "more"', 'b; extra == "other"'], a: [], b: [] }
  assert.deepEqual(edges(closure, 'app', 'a', 'b'), { app: [], a: [], b: [] })
  assert.deepEqual(edges(closure, 'app[More]', 'b'), { app: [], a: ['app'], b: [] })
  assert.deepEqual(edges(closure, 'app[more]', 'app[other]'), { app: [], a: ['app'], b: ['app'] })
})

test('extras are handed on, from edge to edge, also to the project itself', () => {
  const closure = {
    app: ['lib[fast]; extra == "all"', 'app[all]; extra == "everything"'],
    lib: ['core[x]; extra == "fast"'],
    core: ['deep; extra == "x"', 'app'],
    deep: [],
  }
  assert.deepEqual(edges(closure, 'app[everything]'), { app: ['core'], lib: ['app'], core: ['lib'], deep: ['core'] })
  assert.deepEqual(edges(closure, 'app'), { app: ['core'], lib: [], core: [], deep: [] })
})

test('circles end, and nothing needs itself', () => {
  assert.deepEqual(edges({ a: ['b', 'a'], b: ['a[x]'] }, 'a'), { a: ['b'], b: ['a'] })
})

test('metadata that is not known, or not readable, draws nothing and hides nothing', () => {
  assert.deepEqual(edges({ app: null, lib: ['base', '!!!', 'x @', ''], base: [] }, 'app'), {
    app: [],
    lib: [],
    base: ['lib'],
  })
})

test('names that are properties of every object are names like others', () => {
  assert.deepEqual(Object.entries(edges({ constructor: ['tostring'], tostring: [] }, 'constructor')), [
    ['constructor', []],
    ['tostring', ['constructor']],
  ])
})

test('a closure’s edges cost what their lines cost, however many lead to one project', () => {
  /** CPU time of a closure in which everyone needs everyone, twice: lines grow with the square of the projects. */
  function cost(projects: number): number {
    const names = Array.from({ length: projects }, (_, at) => `p${at}`)
    const lines = names.flatMap((name) => [name, `${name}[x]; extra == "x"`])
    const before = process.cpuUsage()
    const found = edges(Object.fromEntries(names.map((name) => [name, lines])), 'p0[x]')
    const { user, system } = process.cpuUsage(before)
    assert.equal(found.p7!.length, projects - 1)
    return user + system
  }
  const least = (projects: number) => Math.min(cost(projects), cost(projects))
  cost(60)
  const ratio = least(240) / least(60)
  // sixteen times the lines; drawn project by project, it would be sixty-four times the work and more
  assert.ok(ratio < 40, `${ratio.toFixed(1)} times the work`)
})

test('METADATA’s headers are read as mail has them', () => {
  const text = [
    '\ufeffMetadata-Version: 2.1',
    'NAME:Some.Pkg',
    'version :  1.0 ',
    'Summary: a line',
    '  and its rest',
    'License: first',
    '        | second',
    'Requires-Python: >=3.8',
    'Requires-Dist: numpy >=1 ',
    'Requires-Dist: nonsense ((',
    'Provides-Extra: all',
    'nonsense without a colon',
    ' goes on',
    'Provides-Extra: more',
    '',
    'Name: other',
    'Requires-Dist: evil',
  ]
  for (const end of ['\n', '\r\n', '\r']) {
    const { requiresDist, ...rest } = parseMetadata(Buffer.from(text.join(end)))
    assert.deepEqual(rest, {
      name: 'Some.Pkg',
      version: '1.0',
      summary: 'a line and its rest',
      requiresPython: '>=3.8',
      providesExtra: ['all', 'more'],
    })
    assert.deepEqual(
      requiresDist.map(({ name, specifier }) => name + specifier),
      ['numpy>=1', 'nonsense(('],
    )
  }
})

test('METADATA that is empty, binary, or says UNKNOWN says nothing', () => {
  const nothing = {
    name: null,
    version: null,
    summary: null,
    requiresPython: null,
    requiresDist: [],
    providesExtra: [],
  }
  for (const text of ['', '\n\nName: x', ': x', '\0\x01\xff', 'Name:\nVersion:\nSummary: UNKNOWN\n'])
    assert.deepEqual(parseMetadata(Buffer.from(text, 'latin1')), nothing)
})

test('a summary is one line of bounded length', () => {
  const { summary } = parseMetadata(Buffer.from(`Summary: ${'x\t '.repeat(5000)}\n`))
  assert.equal(summary!.length, 1000)
  assert.doesNotMatch(summary!, /[\t\n]/)
})
