/** A download whose process is killed outright: whatever the instant, nothing false has a name, and the next one gets on. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { randomBytes } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { createDownloads } from '../../server/upstream/download.ts'
import { temporaryFolder } from '../support/folders.ts'
import { artifact, sha256 } from '../support/records.ts'
import { file } from '../support/upstream.ts'
import { never, outside } from './fixture.ts'

const bytes = randomBytes(8 << 20)
const etag = '"1"'

describe('a download that is killed', { concurrency: 2 }, () => {
  for (const share of [0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.999, 1]) {
    test(`after ${share * 100} % goes on where it was, and is whole`, async (t) => {
      const { client, upstream } = await outside(t)
      const root = await temporaryFolder(t)
      const wheel = artifact('six-1.0.whl', {
        sha256: sha256(bytes),
        size: bytes.length,
        url: `${upstream.url}/six.whl`,
      })
      const sent = Promise.withResolvers<void>()
      upstream.on(
        '/six.whl',
        (_, res) => {
          res.writeHead(200, { etag, 'content-length': bytes.length })
          res.flushHeaders()
          res.write(bytes.subarray(0, Math.round(bytes.length * share)), () => sent.resolve())
        },
        file(bytes, { etag }),
      )
      const downloader = join(import.meta.dirname, 'downloader.ts')
      const child = spawn(process.execPath, [downloader, root, JSON.stringify(wheel)], { stdio: 'inherit' })
      const gone = once(child, 'exit')
      await sent.promise
      child.kill('SIGKILL')
      await gone

      const folder = join(root, '.incoming', wheel.sha256)
      const left = await readdir(folder).catch((): string[] => [])
      const had = left.includes('.part') ? (await stat(join(folder, '.part'))).size : 0
      // with the last byte sent, the file may have got its name before the kill
      if (left.includes(wheel.file)) assert.deepEqual(await readFile(join(folder, wheel.file)), bytes)
      const limits = { parallel: 4, perHost: 4, maxFile: 1 << 30, keepFree: 0 }
      const downloads = createDownloads({ client, root, limits })
      await downloads.fetch([wheel], { signal: never })
      assert.deepEqual(await readFile(downloads.pathOf(wheel)!), bytes)
      // a kill after the rename leaves a note, which the sweep takes along
      assert.deepEqual(
        (await readdir(folder)).filter((name) => name !== '.part.json'),
        [wheel.file],
      )
      if (had > 0 && had < bytes.length) assert.equal(upstream.requests[1]?.headers.range, `bytes=${had}-`)
    })
  }
})
