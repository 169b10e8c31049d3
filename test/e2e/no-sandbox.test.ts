/** A machine without a sandbox: the start says so, nothing is built, and what needs no build works. */
import assert from 'node:assert/strict'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { startAirlock, type AirlockOptions } from '../support/airlock.ts'
import { temporaryFolder } from '../support/folders.ts'
import { startIndex } from '../support/index.ts'
import { makeSdist, makeWheel } from '../support/wheels.ts'

async function withoutSandbox(t: TestContext, options: AirlockOptions = {}) {
  const index = await startIndex()
  t.after(() => index.close())
  const airlock = await startAirlock({ index: index.url, preload: ['no-bubblewrap.ts'], ...options })
  t.after(() => airlock.close())
  return { index, airlock }
}

test('the start says what is missing and that builds are off; a source is never built any other way', async (t) => {
  const { index, airlock } = await withoutSandbox(t, { config: { imports: '200 MB' } })
  assert.match(airlock.log(), /builds {4}off: bubblewrap is not installed\. On Debian: apt-get install bubblewrap\n/)

  const trace = join(await temporaryFolder(t), 'trace')
  const backend = `open(${JSON.stringify(trace)}, 'w')\n`
  const pyproject = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
  index.add(
    makeSdist({
      name: 'sourced',
      version: '1.0',
      files: { 'pyproject.toml': pyproject, 'backend.py': backend, 'setup.py': backend },
    }),
  )
  const problem = await airlock.problem((await airlock.ask('sourced')).id)
  assert.equal(problem.code, 'sdist-needs-build')
  assert.match(`${problem.detail} ${problem.hint}`, /bubblewrap is not installed/)
  await assert.rejects(access(trace), { code: 'ENOENT' })

  index.add(makeWheel({ name: 'wheeled', version: '1.0' }))
  const { remarks } = await airlock.ready((await airlock.ask('wheeled')).id)
  assert.deepEqual(remarks, [])
})

test('in Chinese too; and where builds are off anyway, nothing is said of a sandbox', async (t) => {
  const chinese = await withoutSandbox(t, { env: { LANG: 'zh_CN.UTF-8' } })
  assert.match(
    chinese.airlock.log(),
    /构建 {6}已关闭：未安装 bubblewrap。Debian 上请运行：apt-get install bubblewrap\n/,
  )
  const off = await withoutSandbox(t, { config: { builds: { pip: 'off' } } })
  assert.doesNotMatch(off.airlock.log(), /bubblewrap|builds/)
})
