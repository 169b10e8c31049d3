/** As in test/pod, with more of them, and without a pod's own root: what is read matters here, not who reads. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { hostPython } from '../support/clients.ts'
import { makeCanaries } from '../support/canaries.ts'
import { countOf } from '../support/frames.ts'
import { startNamespace } from '../support/namespaces.ts'
import { carriers, pathsOf, readFrom, type Reader } from '../pod/reads.ts'
import { mirrorAddress, mirrorPort, startRig } from '../pod/rig.ts'

const execute = promisify(execFile)

test('ten thousand reads, odd ones among them, put no frame on the outside link', { timeout: 600_000 }, async (t) => {
  // an upstream that nobody is: this part is not asked for anything
  const rig = await startRig(t, { index: 'http://127.0.0.1:9/simple/' })
  const pod = await startNamespace(t)
  const wire = await rig.connectPod(pod)
  const reader: Reader = {
    host: mirrorAddress,
    port: mirrorPort,
    async python<T>(program: string, given: unknown) {
      const line = [...pod.enter, hostPython().path, '-c', program, JSON.stringify(given)]
      const { stdout } = await execute(line[0]!, line.slice(1))
      return JSON.parse(stdout) as T
    },
  }
  await rig.office(['request', 'pip', 'office-app', '--wait'])
  await rig.restart()
  const { words, foundIn } = makeCanaries(carriers)
  const paths = await pathsOf(rig.airlock.root)
  const outside = await rig.during(async () => {
    const { statuses } = await readFrom(reader, { count: 10_000, paths, words })
    t.diagnostic(JSON.stringify(statuses))
    for (const status of ['200', '302', '400', '404', '405', '414', '431'])
      assert.ok(statuses[status]! > 0, JSON.stringify(statuses))
  })
  assert.deepEqual(outside, {})
  assert.ok(countOf(await wire.since()) > 50_000)
  assert.deepEqual(foundIn(await rig.everything()), [])
})
