/** Builds that fail, or make what the target cannot use: each is told in a line, and leaves nothing visible. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { nativeTag, startBuilding, versionsOf } from '../support/building.ts'
import { hashTree } from '../support/tree.ts'

let rig: Awaited<ReturnType<typeof startBuilding>>

before(async () => {
  rig = await startBuilding()
})

after(() => rig?.close())

test('a build that fails leaves nothing visible and says why in a line, with its log', async () => {
  rig.source({ name: 'src-broken', version: '1.0', before: 'raise RuntimeError("the moon is wrong")' })
  const published = await hashTree(rig.airlock.root)
  const problem = await rig.failure('default', 'src-broken')
  assert.equal(problem.code, 'build-failed')
  assert.match(problem.detail, /^src-broken 1\.0 .*RuntimeError: the moon is wrong\.$/)
  assert.deepEqual(await hashTree(rig.airlock.root), published)
  const { log, made } = await rig.build(problem.fields['build'])
  assert.equal(made, null)
  assert.match(log, /Traceback[^]*the moon is wrong/)
})

for (const [what, before, cause] of [
  ['compiler', 'import subprocess; subprocess.check_call(["no-such-cc"])', /no-such-cc is not on this machine/],
  ['header', 'sys.exit("x.c:1:10: fatal error: zlib.h: No such file or directory")', /zlib\.h is not[^]*zlib1g-dev/],
  ['module', 'import a_module_nobody_has', /imports a_module_nobody_has/],
  ['network', 'import urllib.request; urllib.request.urlopen("http://files.example/")', /wants the network/],
] as const) {
  test(`a missing ${what} is told as the cause`, async () => {
    rig.source({ name: `src-no-${what}`, version: '1.0', before })
    const { code, detail, hint } = await rig.failure('default', `src-no-${what}`)
    assert.equal(code, 'build-failed')
    assert.match(`${detail}\n${hint}`, cause)
  })
}

for (const [what, options, cause] of [
  ['another project', { as: { name: 'src-else' } }, /another release/],
  ['another version', { as: { version: '9.9' } }, /another release/],
  ['requirements that are addresses', { asks: ['x @ https://files.example/x.whl'] }, /not taken/],
  ['requirements that nobody has', { buildRequires: ['src-nobody-has-this'] }, /cannot be had/],
  ['ever more requirements', { buildRequires: [], asks: ['src-more>=1', 'src-more>=0'] }, /cannot be had/],
] as const) {
  test(`a source that makes or wants ${what} is refused`, async () => {
    const name = `src-odd-${what.split(' ')[0]}-${what.length}`
    rig.source({ name, version: '1.0', ...options })
    const { code, detail } = await rig.failure('default', name)
    assert.equal(code, 'build-failed')
    assert.match(detail, cause)
  })
}

test('where a newer source cannot be built, the release with a wheel comes, and it is said why', async () => {
  rig.source({ name: 'src-fallback', version: '2.0', before: 'raise RuntimeError("not today")' })
  rig.wheel({ name: 'src-fallback', version: '1.0' })
  const request = await rig.bring('default', 'src-fallback')
  assert.deepEqual(versionsOf(request), { 'src-fallback': '1.0' })
  const [remark] = request.remarks
  assert.equal(remark!.code, 'kept-back')
  assert.match(remark!.message, /2\.0 is out: .*RuntimeError: not today/)
  assert.equal((await rig.buildsOf('src-fallback')).length, 1)
})

test('what is compiled for this Python installs here; for another it is said what would be needed', async () => {
  rig.source({ name: 'src-native', version: '1.0', tag: nativeTag })
  const { closure } = await rig.bring('default', 'src-native')
  assert.equal(closure![0]!.file, `src_native-1.0-${nativeTag}.whl`)
  const published = await hashTree(rig.airlock.root)
  const problem = await rig.failure('older', 'src-native')
  assert.equal(problem.code, 'build-needs-target')
  assert.match(problem.detail, /older \(Python 3\.8\.18, x86_64-manylinux_2_31\)/)
  assert.match(problem.hint, /builds\.pythons/)
  assert.deepEqual(await hashTree(rig.airlock.root), published)
  assert.equal((await rig.buildsOf('src-native')).length, 1, 'nothing is built again to find that out')
})

test('hashes of a requirements file hold for the source too', async () => {
  const made = rig.source({ name: 'src-hashed', version: '1.0' })
  const ask = (digest: string) =>
    fetch(`${rig.airlock.consoleUrl}/api/requests`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: `src-hashed==1.0 --hash=sha256:${digest}\n`,
    }).then(async (answer) => ((await answer.json()) as { requests: { id: number }[] }).requests[0]!.id)
  assert.equal((await rig.airlock.problem(await ask('0'.repeat(64)))).code, 'hash-unmatched')
  assert.equal((await rig.airlock.ready(await ask(made.sha256))).closure![0]!.origin, 'built here')
})
