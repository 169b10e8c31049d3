/** A repository that changes while real apts update from it over HTTP. */
import { execFile } from 'node:child_process'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { renderRepository } from '../../server/apt/repository.ts'
import { openSigner } from '../../server/apt/sign.ts'
import { createMirror } from '../../server/mirror/mirror.ts'
import type { AptStanza } from '../../storage/apt.ts'
import { createTree } from '../../storage/tree.ts'
import { temporaryFolder } from '../support/folders.ts'
import { sha256 } from '../support/records.ts'
import { createClient } from './client.ts'

type Race = {
  readonly updates: number
  /** Apts at once. */
  readonly clients: number
  /** From the beginning of a publication to that of the next, in ms, if the disk is as quick. */
  readonly interval: number
  /** Whether superseded index files stay; false is the control. */
  readonly keepsOld: boolean
}

/** A package whose version is the generation. */
function stanzaOf(name: string, generation: number): AptStanza {
  const version = `1.${generation}`
  const digest = sha256(`${name} ${version}`)
  const file = `${name}_${version}_all.deb`
  const stanza = `Package: ${name}\nVersion: ${version}\nArchitecture: all\nFilename: x\nSize: 10\nSHA256: ${digest}\nDescription: ${name}`
  return { file, name, architecture: 'all', version, sha256: digest, size: 10, stanza }
}

/**
 * How many updates failed or warned, with what they said, and how many generations went by; for each apt the generation that
 * it knows in the end, and the one that was there when its last update began.
 */
export async function race(t: TestContext, { updates, clients, interval, keepsOld }: Race) {
  const folder = await temporaryFolder(t)
  const root = join(folder, 'root')
  const yesterday = Math.floor(Date.now() / 1000) - 86_400
  const signer = await openSigner(join(folder, 'key'), () => new Date((yesterday - 60) * 1000))
  const tree = createTree(root)
  const names = Array.from({ length: 40 }, (_, index) => `package-${index}`)
  let generation = 0
  /** The newest that anybody can see. */
  let published = 0

  async function publish(): Promise<void> {
    const before = keepsOld ? [] : await readdir(join(root, 'apt/default/by-hash/SHA256')).catch(() => [])
    const date = yesterday + ++generation
    const stanzas = names.map((name) => stanzaOf(name, generation))
    const { steps } = await renderRepository(
      'default',
      { date, snapshot: 0, architectures: ['amd64'] },
      stanzas,
      signer,
    )
    await tree.publish(steps)
    published = generation
    for (const digest of before) await rm(join(root, 'apt/default/by-hash/SHA256', digest))
  }

  await publish()
  const mirror = createMirror({ root })
  const port = await mirror.listen(0, '127.0.0.1')
  t.after(() => mirror.close(0))
  const sources = `Types: deb\nURIs: http://127.0.0.1:${port}/apt/\nSuites: default/\nSigned-By: ${root}/homepod/airlock.asc\n`
  const apts = await Promise.all(Array.from({ length: clients }, () => createClient(t, { root }, sources)))
  const racing = new AbortController()
  const publishing = (async () => {
    while (!racing.signal.aborted) {
      await Promise.all([publish(), setTimeout(interval)])
    }
  })()

  const failures: string[] = []
  let left = updates
  const runs = apts.map(async (client) => {
    let atLeast = 0
    while (left-- > 0) {
      atLeast = published
      const said = await client.update().catch((error: Error) => `FAILED ${error.message}`)
      if (/^FAILED|^[EW]: /m.test(said)) failures.push(said)
    }
    return { seen: await candidate(client.folder), atLeast }
  })
  const seen = await Promise.all(runs)
  racing.abort()
  await publishing
  return { failures, generations: generation, seen }
}

/** The generation that an apt knows now. */
function candidate(folder: string): Promise<number> {
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', APT_CONFIG: join(folder, 'apt.conf') }
  return new Promise((resolve, reject) => {
    execFile('apt-cache', ['show', 'package-7'], { env }, (error, stdout) => {
      if (error) reject(error)
      else resolve(Number(/^Version: 1\.(\d+)$/m.exec(stdout)?.[1]))
    })
  })
}
