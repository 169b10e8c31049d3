import assert from 'node:assert/strict'
import { test } from 'node:test'
import { viewProblem } from '../../server/console/problems.ts'
import type { Code } from '../../server/errors.ts'

const statusOf = (code: Code) => viewProblem({ code, message: '', hint: '', fields: {} }, 'en').status

test('what an archive does not have is the request’s trouble, and an archive that fails is upstream’s, not Airlock’s', () => {
  for (const code of [
    'apt-package-virtual',
    'apt-version-missing',
    'apt-architecture-unknown',
    'apt-conflict',
  ] as const)
    assert.equal(statusOf(code), 422, code)
  assert.equal(statusOf('apt-update-failed'), 502)
  assert.equal(statusOf('internal'), 500)
})
