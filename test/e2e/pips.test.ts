/** Every pip of this machine, old and new, reads the mirror's pages: over HTTP and from the folder. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startAirlock, type Airlock } from '../support/airlock.ts'
import { findPython, pipInstall } from '../support/clients.ts'
import { startIndex, type TestIndex } from '../support/index.ts'
import { makeWheel } from '../support/wheels.ts'

const minors = ['3.6', '3.7', '3.8', '3.9', '3.10', '3.11', '3.12', '3.13', '3.14']

let index: TestIndex
let airlock: Airlock

before(async () => {
  index = await startIndex()
  index.add(makeWheel({ name: 'any-app', version: '1.0', requires: ['any-lib>=1', 'Any.Local'] }))
  index.add(makeWheel({ name: 'any-lib', version: '1.0' }))
  index.add(makeWheel({ name: 'any-lib', version: '2.0' }), { yanked: 'too early' })
  index.add(makeWheel({ name: 'Any.Local', version: '1.0+cu118', requiresPython: '>=3.6' }), {
    requiresPython: '>=3.6',
  })
  airlock = await startAirlock({ index: index.url })
  await airlock.ready((await airlock.ask('any-lib==2.0')).id)
  await airlock.ready((await airlock.ask('any-app')).id)
})

after(async () => {
  await airlock?.close()
  await index?.close()
})

for (const minor of minors) {
  test(`the pip of Python ${minor} installs over HTTP and from the folder`, async (t) => {
    const python = findPython(minor)
    if (python === null) return t.skip(`this machine has no Python ${minor} with pip`)
    t.diagnostic(`pip ${python.pip} on Python ${python.version}`)
    // an old pip fails on a file: address where no_proxy is set
    const unset = { no_proxy: '', NO_PROXY: '' }
    const installs = await Promise.all([
      pipInstall(['--index-url', airlock.indexUrl, 'any_app'], { python: python.path }),
      pipInstall(['--index-url', airlock.folderUrl, 'any_app'], { python: python.path, env: unset }),
    ])
    for (const { status, releases, output } of installs) {
      assert.equal(status, 0, output)
      // PEP 592: before 19.2 nobody knew of yanks
      const lib: string = Number.parseFloat(python.pip) < 19.2 ? '2.0' : '1.0'
      assert.deepEqual(releases, { 'any-app': '1.0', 'any-lib': lib, 'any-local': '1.0+cu118' }, output)
    }
  })
}
