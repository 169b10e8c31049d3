/** Set up for one user beside a real Airlock, with real clients: they install, `--check` says so, and names what is in the way. */
import assert from 'node:assert/strict'
import { chmod, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test, type TestContext } from 'node:test'
import { startAirlock, type Airlock } from '../support/airlock.ts'
import { hostPython, releasesIn, run, uv } from '../support/clients.ts'
import { startIndex, type TestIndex } from '../support/index.ts'
import { makeWheel } from '../support/wheels.ts'
import { clientsOnly, makePod } from './pod.ts'

let index: TestIndex
let airlock: Airlock

before(async () => {
  index = await startIndex()
  index.add(makeWheel({ name: 'any-app', version: '1.0', requires: ['any-lib>=1'] }))
  index.add(makeWheel({ name: 'any-lib', version: '1.0' }))
  airlock = await startAirlock({ index: index.url, env: { AIRLOCK_CONSOLE_URL: 'http://airlock.example:8081' } })
  await airlock.ready((await airlock.ask('any-app')).id)
})

after(async () => {
  await airlock?.close()
  await index?.close()
})

const places = [
  ['over HTTP', () => [airlock.mirrorUrl], () => airlock.indexUrl],
  ['from the folder', () => [], () => airlock.folderUrl],
] as const

for (const [how, where, url] of places) {
  test(`${how} pip and uv install what was asked for, and the check finds all well`, async (t) => {
    const pod = await makePod(t)
    // an old pip fails on a file: address where no_proxy is set
    const env = clientsOnly(how === 'from the folder' ? { no_proxy: '', NO_PROXY: '' } : {})
    await pod.setUp(airlock.root, [...where(), '--user'], { env })
    assert.ok((await pod.read('root/.config/pip/pip.conf')).includes(`index-url = ${url()}\n`))

    const own = { ...env, HOME: pod.home, PIP_CONFIG_FILE: '' }
    const folder = (name: string) => join(pod.root, name)
    const pip = await run(hostPython().path, ['-m', 'pip', 'install', '--target', folder('pip'), 'any-app'], own)
    assert.equal(pip.status, 0, pip.output)
    const uvs = await run(
      uv,
      ['pip', 'install', '--no-cache', '--python', hostPython().path, '--target', folder('uv'), 'any-app'],
      own,
    )
    assert.equal(uvs.status, 0, uvs.output)
    for (const name of ['pip', 'uv'])
      assert.deepEqual(await releasesIn(folder(name)), { 'any-app': '1.0', 'any-lib': '1.0' }, name)

    const before = await pod.photograph()
    const { stderr } = await pod.setUp(airlock.root, ['--check', '--user'], { env })
    assert.deepEqual(await pod.photograph(), before, 'it changes nothing')
    assert.match(stderr, new RegExp(`^  ok {6}pip ${hostPython().pip} .* reads ${url()}$`, 'm'))
    assert.match(stderr, new RegExp(`^  ok {6}uv reads ${url()}$`, 'm'))
    assert.match(stderr, /Everything works\.\n$/)
  })
}

async function damage(t: TestContext, path: string): Promise<void> {
  t.after(() => airlock.call('/api/maintenance/rebuild', {}))
  await chmod(path, 0o644)
  await writeFile(path, 'damaged')
}

test('the mirror serves what pods are set up with, and a rebuild writes it again', async (t) => {
  const names = ['airlock.asc', 'apt-hook', 'setup.sh', 'targets']
  assert.deepEqual((await readdir(join(airlock.root, 'homepod'))).toSorted(), names)
  const was = new Map<string, string>()
  for (const name of names) {
    const answer = await fetch(`${airlock.mirrorUrl}/homepod/${name}`)
    was.set(name, await answer.text())
    assert.equal(answer.status, 200)
    assert.equal(was.get(name), await readFile(join(airlock.root, 'homepod', name), 'utf8'))
  }
  assert.match(was.get('targets')!, /^airlock 1\nconsole http:\/\/airlock\.example:8081\npip default simple /)
  await damage(t, join(airlock.root, 'homepod/setup.sh'))
  await rm(join(airlock.root, 'homepod/targets'))
  await airlock.call('/api/maintenance/rebuild', {})
  for (const name of names) assert.equal(await readFile(join(airlock.root, 'homepod', name), 'utf8'), was.get(name))
})
