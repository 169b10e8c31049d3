import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { createSlots, type Errand, type Limits } from '../../server/upstream/slots.ts'

const MiB = 1 << 20

/** Errands that write down who began, and end when they are told to. */
function setUp(limits: Limits) {
  const slots = createSlots(limits)
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  const errand = (name: string, size: number | null = 1, host = 'a.example'): Errand => ({
    host,
    size,
    begun: false,
    urgent: false,
    run: () => {
      begun.push(name)
      return new Promise((resolve) => ends.set(name, resolve))
    },
  })
  const line = (...errands: Errand[]) => {
    const made = slots.line()
    for (const one of errands) made.add(one)
    return made
  }
  const end = async (...names: string[]) => {
    for (const name of names) ends.get(name)!()
    await turn()
  }
  return { begun, errand, line, end, slots }
}

test('no more run than may', async () => {
  const { begun, errand, line, end } = setUp({ parallel: 3, perHost: 9 })
  line(...['a', 'b', 'c', 'd', 'e'].map((name) => errand(name)))
  assert.deepEqual(begun, ['a', 'b', 'c'])
  await end('b')
  assert.deepEqual(begun, ['a', 'b', 'c', 'd'])
})

test('no more run on a host than may, and another host does not wait for it', async () => {
  const { begun, errand, line, end } = setUp({ parallel: 9, perHost: 2 })
  line(errand('a'), errand('b'), errand('c'), errand('d', 1, 'b.example'))
  assert.deepEqual(begun, ['a', 'b', 'd'])
  await end('d')
  assert.deepEqual(begun, ['a', 'b', 'd'])
  await end('a')
  assert.deepEqual(begun, ['a', 'b', 'd', 'c'])
})

test('lines take turns', async () => {
  const { begun, errand, line, end } = setUp({ parallel: 1, perHost: 1 })
  line(errand('first'))
  line(errand('a1'), errand('a2'), errand('a3'))
  line(errand('b1'), errand('b2'))
  line(errand('c1'))
  await end('first')
  for (const name of ['a1', 'b1', 'c1', 'a2', 'b2']) await end(name)
  assert.deepEqual(begun, ['first', 'a1', 'b1', 'c1', 'a2', 'b2', 'a3'])
})

test('within a line the smaller file goes first, one of unknown size last', async () => {
  const { begun, errand, line, end } = setUp({ parallel: 1, perHost: 1 })
  line(errand('first'), errand('unknown', null), errand('large', 9), errand('small', 1), errand('middle', 5))
  for (const name of ['first', 'small', 'middle', 'large']) await end(name)
  assert.deepEqual(begun, ['first', 'small', 'middle', 'large', 'unknown'])
})

test('large files leave a slot to small ones', () => {
  const { begun, errand, line } = setUp({ parallel: 8, perHost: 4 })
  line(...['A', 'B', 'C', 'D'].map((name) => errand(name, 5000 * MiB)))
  line(...['E', 'F', 'G'].map((name) => errand(name, null)))
  line(errand('small', MiB))
  // of four slots a line has two for large files, all lines together three
  assert.deepEqual(begun, ['A', 'B', 'E', 'small'])
})

test('the last slot of all is left to small files too', () => {
  const { begun, errand, line } = setUp({ parallel: 2, perHost: 2 })
  line(errand('A', 5000 * MiB, 'a.example'))
  line(errand('B', 5000 * MiB, 'b.example'))
  line(errand('small', 1, 'c.example'))
  assert.deepEqual(begun, ['A', 'small'])
})

test('with one slot only, large files have it in their turn', async () => {
  const { begun, errand, line, end } = setUp({ parallel: 1, perHost: 1 })
  line(errand('A', 5000 * MiB), errand('B', 5000 * MiB))
  await end('A')
  assert.deepEqual(begun, ['A', 'B'])
})

test('an errand that stands in two lines runs once, with whichever turn comes first', async () => {
  const { begun, errand, line, end } = setUp({ parallel: 1, perHost: 1 })
  const shared = errand('shared')
  line(errand('first'), errand('a'), shared)
  line(shared, errand('b'))
  for (const name of ['first', 'shared', 'a']) await end(name)
  assert.deepEqual(begun, ['first', 'shared', 'a', 'b'])
})

test('an errand that nobody wants any more is passed over', async () => {
  const { begun, errand, line, end } = setUp({ parallel: 1, perHost: 1 })
  const given = errand('given up')
  line(errand('first'), given, errand('b'))
  given.begun = true
  await end('first')
  assert.deepEqual(begun, ['first', 'b'])
})

test('a line that left leaves its turn to others, and what it began still counts', async () => {
  const { begun, errand, line, end } = setUp({ parallel: 1, perHost: 1 })
  const leaving = line(errand('a'), errand('never'))
  line(errand('b'))
  leaving.leave()
  leaving.leave()
  assert.deepEqual(begun, ['a'])
  await end('a')
  assert.deepEqual(begun, ['a', 'b'])
  await end('b')
  assert.deepEqual(begun, ['a', 'b'])
})

test('a thousand small files do not starve one', async () => {
  const { begun, errand, line, end } = setUp({ parallel: 2, perHost: 2 })
  line(...Array.from({ length: 1000 }, (_, i) => errand(`a${i}`)))
  line(errand('mine', 50 * MiB))
  await end('a0', 'a1')
  assert.ok(begun.includes('mine'))
})

test('what somebody thinks no further without goes beside the others, also when it becomes so while it waits', async () => {
  const { begun, errand, line, end, slots } = setUp({ parallel: 1, perHost: 1 })
  const waits = { ...errand('waits'), urgent: false }
  line(errand('large', 9 * MiB))
  line(waits, errand('ordinary', 2))
  assert.deepEqual(begun, ['large'])
  waits.urgent = true
  slots.next()
  assert.deepEqual(begun, ['large', 'waits'])
  await end('waits')
  assert.deepEqual(begun, ['large', 'waits'])
  await end('large')
  assert.deepEqual(begun, ['large', 'waits', 'ordinary'])
})

test('no more than 24 urgent ones of a host run at once', async () => {
  const { begun, errand, line, end } = setUp({ parallel: 1, perHost: 1 })
  line(errand('first', 1, 'b.example'))
  const names = Array.from({ length: 30 }, (_, at) => `u${at}`)
  line(...names.map((name) => ({ ...errand(name), urgent: true })))
  assert.equal(begun.length, 1 + 24)
  await end('u0', 'u1')
  assert.equal(begun.length, 1 + 26)
})
