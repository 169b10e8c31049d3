import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Job } from '../../storage/records.ts'
import { createWeigh } from '../../server/weigh.ts'
import { artifact, closureOf } from '../support/records.ts'

const job = { confirmed: false } as Job
const closure = closureOf(
  artifact('a-1.whl', { size: 600 }),
  artifact('b-1.whl', { size: 300 }),
  artifact('c-1.whl', { size: null }),
)

function scales({ free = 10_000, keepFree = 0, confirmAbove = 10_000, here = [] as readonly string[] } = {}) {
  const pathOf = ({ file }: { readonly file: string }) => (here.includes(file) ? `/pool/${file}` : null)
  return createWeigh({ root: '/tree', pathOf, confirmAbove, keepFree, freeSpace: () => Promise.resolve(free) })
}

test('what fits passes, to the byte; what is here already weighs nothing, nor does an unknown size', async () => {
  await scales({ free: 900 })(job, closure, false)
  await scales({ free: 300, here: ['a-1.whl'] })(job, closure, false)
  await scales({ confirmAbove: 900 })(job, closure, false)
})

test('what does not fit beside what must stay free is said with its sizes', async () => {
  await assert.rejects(scales({ free: 1000, keepFree: 101 })(job, closure, false), {
    code: 'closure-too-large',
    message: /3 files of .* would have to be fetched: the disk has room for/,
  })
})

test('a job that has begun is not failed by a disk that is full meanwhile: its download waits', async () => {
  await scales({ free: 0 })(job, closure, true)
})

test('what is larger than an admin set wants a confirmation, also of a job that has begun', async () => {
  for (const hasBegun of [false, true])
    await assert.rejects(scales({ confirmAbove: 899 })(job, closure, hasBegun), { code: 'closure-too-large' })
  await scales({ confirmAbove: 899 })({ ...job, confirmed: true }, closure, false)
})
