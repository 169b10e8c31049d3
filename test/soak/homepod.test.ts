/** setup.sh by every shell, in clean bookworm and trixie, before every pip, and killed at every step. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { killAt } from '../homepod/killing.ts'
import { clientsOnly, makePod } from '../homepod/pod.ts'
import { startFilled, wholeRound, withPip } from '../homepod/real.ts'
import { findPython, run } from '../support/clients.ts'

const minutes = 60_000
let filled: Awaited<ReturnType<typeof startFilled>>
before(async () => {
  filled = await startFilled()
})
after(() => filled?.close())

for (const suite of ['bookworm', 'trixie'])
  for (const shell of ['dash', 'bash', 'busybox sh'])
    for (const how of ['from the folder', 'over HTTP'] as const)
      test(
        `${suite}, ${shell}, ${how}: set up, installed, told what is missing, undone`,
        { timeout: 3 * minutes },
        (t) => wholeRound(t, filled.airlock, { suite, shell, how }),
      )

for (const [minor, pip] of [
  ['3.6', '20.3'],
  ['3.8', '20.3.4'],
  ['3.9', '22.3'],
  ['3.11', '23.0'],
  ['3.12', '23.3'],
  ['3.13', null],
] as const)
  test(`pip ${pip ?? 'as new as can be'} on Python ${minor}`, { timeout: 3 * minutes }, async (t) => {
    if (!(await withPip(t, filled.airlock, minor, pip))) t.skip(`this machine has no Python ${minor} with pip`)
  })

test('pdm itself takes what set-up writes for it', { timeout: 5 * minutes }, async (t) => {
  const python = findPython('3.11') ?? findPython('3.12')
  if (python === null) return t.skip('this machine has no Python 3.11 or 3.12 with pip')
  const pod = await makePod(t)
  const bin = join(pod.root, 'venv/bin')
  execFileSync(python.path, ['-m', 'venv', join(pod.root, 'venv')], { timeout: minutes })
  execFileSync(join(bin, 'python'), ['-m', 'pip', 'install', '-q', 'pdm'], { timeout: 3 * minutes, stdio: 'pipe' })
  const env = clientsOnly({ PATH: `${bin}:${dirname(python.path)}:/usr/bin:/bin` })
  const { mirrorUrl, indexUrl, root } = filled.airlock
  await pod.setUp(root, ['--user', mirrorUrl], { env })
  const asked = await run(join(bin, 'pdm'), ['config', 'pypi.url'], { HOME: pod.home, PDM_CHECK_UPDATE: 'false' })
  assert.ok(asked.output.includes(`${indexUrl}\n`), asked.output)
  await pod.setUp(root, ['--user', '--undo'], { env })
  assert.equal(await pod.exists('root/.config'), false)
})

for (const again of [false, true])
  test(
    `killed at every step${again ? ', and set up again' : ''}, it is undone byte for byte`,
    { timeout: 5 * minutes },
    async (t) => {
      assert.ok((await killAt(t, { again })) >= 20)
    },
  )
