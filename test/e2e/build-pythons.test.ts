/** Builds as the configuration has them: by another Python for its own kind of target, for allowed projects, or none. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBuilding, versionsOf } from '../support/building.ts'
import { findPython } from '../support/clients.ts'

const python = findPython('3.8')
const compiled = `cp38-cp38-linux_${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}`

test(
  'a Python that the configuration names builds what is compiled for targets of its kind',
  { skip: python === null && 'this machine has no Python 3.8' },
  async (t) => {
    const { path, version } = python!
    const rig = await startBuilding({ pythons: [path] }, { py38: { python: version, index: 'py38' } })
    t.after(rig.close)
    const check = 'assert sys.version_info[:2] == (3, 8), sys.version'
    rig.source({ name: 'src-old', version: '1.0', tag: compiled, before: check })
    const { closure } = await rig.bring('py38', 'src-old')
    assert.equal(closure![0]!.file, `src_old-1.0-${compiled}.whl`)
    assert.equal((await rig.build(closure![0]!.build)).builder['python'], version)
    assert.equal((await rig.failure('older', 'src-old')).code, 'build-needs-target', 'its C library is older')
  },
)

test('only allowed projects are built, and the others’ problem says so', async (t) => {
  const rig = await startBuilding({ projects: ['Src.Allowed'], constraints: ['src-tool<2'], maxSource: '100KB' })
  t.after(rig.close)
  for (const version of ['1.0', '2.0']) rig.wheel({ name: 'src-tool', version })
  const before = 'import src_tool\nassert src_tool.version == "1.0"'
  rig.source({ name: 'src-allowed', version: '1.0', buildRequires: ['src-tool'], before })
  rig.source({ name: 'src-barred', version: '1.0' })
  assert.deepEqual(versionsOf(await rig.bring('default', 'src-allowed')), { 'src-allowed': '1.0' })
  const problem = await rig.failure('default', 'src-barred')
  assert.equal(problem.code, 'sdist-needs-build')
  assert.match(problem.hint, /builds\.projects/)
  assert.deepEqual(await rig.buildsOf('src-barred'), [])
})

test('what runs too long is ended and told', async (t) => {
  const rig = await startBuilding({ seconds: 5 })
  t.after(rig.close)
  rig.source({ name: 'src-forever', version: '1.0', before: 'import time\nwhile True: time.sleep(1)' })
  const { code, detail } = await rig.failure('default', 'src-forever')
  assert.equal(code, 'build-failed')
  assert.match(detail, /longer than 5 s/)
})
