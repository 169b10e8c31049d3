import assert from 'node:assert/strict'
import { test } from 'node:test'
import { killAt } from './killing.ts'

test('killed while it changes something, at every fourth step, it is undone byte for byte', async (t) => {
  assert.ok((await killAt(t, 2, 4)) >= 5)
})
