import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kindOf } from '../../server/kind.ts'
import { aptTargets } from '../../server/apt/target.ts'

const knobs = {
  sources: 'deb [arch=amd64] https://archive.example/debian stable main',
  architectures: ['amd64'],
  status: 'none',
}
const target = (more: object = {}, name = 'default') =>
  aptTargets(new Map([[name, { complete: true, updateAfter: 3600, ...knobs, ...more }]]), null, (path) => path).get(
    name,
  )!

test('a target is of the same kind whatever it is called, and of another where an answer could be another', () => {
  const kind = kindOf(target())
  assert.equal(kindOf(target()), kind)
  assert.equal(kindOf({ ...target(), name: 'b', summary: 'for people', source: 'airlock.yaml' }), kind)
  for (const more of [
    { architectures: ['arm64'] },
    { sources: knobs.sources.replace('amd64', 'arm64') },
    { recommends: false },
    { preferences: ['Package: *\nPin: release a=x\nPin-Priority: 1'] },
  ])
    assert.notEqual(kindOf(target(more)), kind, JSON.stringify(more))
})
