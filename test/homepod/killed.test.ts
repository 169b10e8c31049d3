import assert from 'node:assert/strict'
import { test } from 'node:test'
import { killAt } from './killing.ts'

test('killed before any file is moved, it goes on at the next try, and is undone byte for byte', async (t) => {
  assert.ok((await killAt(t, { commands: ['mv'], again: true })) >= 7)
})
