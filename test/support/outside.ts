/**
 * The whole outside, as one program in a network of its own: an index, an archive, a name server for both, and an address
 * that nobody has any business with. Every byte that arrives is kept, in the order of its connection.
 *
 *   const outside = await startOutside(t, namespace)
 *   outside.sources               deb822 of the archive
 *   await outside.transcript()    { connections: [{ to: 'index.example:8000', bytes }], questions: [bytes] }
 */
import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startArchive } from './archive.ts'
import { startIndex } from './index.ts'
import type { Namespace } from './namespaces.ts'
import { makeWheel } from './wheels.ts'

/** What is there: names are answered for these alone. */
export const addresses = {
  'index.example': '10.77.2.2',
  'archive.example': '10.77.2.3',
  'resolver.example': '10.77.2.4',
  'nobodys.example': '10.77.2.5',
} as const
export const indexUrl = 'http://index.example:8000/simple/'
const archiveUrl = 'http://archive.example:8001/'

export type Transcript = {
  readonly connections: readonly { readonly to: string; readonly bytes: string }[]
  /** To the name server, as they came. */
  readonly questions: readonly string[]
}

export type Outside = { readonly sources: string; transcript(): Promise<Transcript> }

/** In an answer of the index, by which a pod could tell that it had reached it. */
export const mark = 'only-the-outside-says-this'

/** Bytes are passed on as latin1, one character each. */
export async function startOutside(t: Pick<TestContext, 'after'>, { enter }: Namespace): Promise<Outside> {
  const line = [...enter, process.execPath, fileURLToPath(import.meta.url)]
  // so that it does not outlive a test that is killed
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...line], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const ended = once(child, 'exit')
  t.after(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const said = async <T>() => {
    const [message] = (await Promise.race([
      once(child, 'message'),
      ended.then(() => {
        throw new Error('the outside has ended')
      }),
    ])) as [T]
    return message
  }
  const { sources } = await said<{ sources: string }>()
  return {
    sources,
    async transcript() {
      const answer = said<Transcript>()
      child.send('transcript')
      return answer
    },
  }
}

async function run(): Promise<void> {
  const connections: { to: string; chunks: Buffer[] }[] = []
  const questions: Buffer[] = []
  const index = await startIndex()
  index.add(makeWheel({ name: 'office-app', version: '1.0', summary: mark, requires: ['office-lib>=1'] }))
  index.add(makeWheel({ name: 'office-lib', version: '1.5', summary: mark }))
  index.add(makeWheel({ name: 'office-late', version: '2.0', summary: mark }))
  const archive = await startArchive()
  await archive.add({ name: 'office-tool', depends: 'office-base' }, { name: 'office-base' })

  for (const [host, port, onward] of [
    ['index.example', 8000, Number(new URL(index.url).port)],
    ['archive.example', 8001, Number(new URL(archive.url).port)],
    ['nobodys.example', 8000, Number(new URL(index.url).port)],
  ] as const) {
    const server = createServer((socket) => {
      const chunks: Buffer[] = []
      connections.push({ to: `${host}:${port}`, chunks })
      socket.on('data', (chunk: Buffer) => chunks.push(chunk))
      const there = connect(onward, '127.0.0.1')
      for (const end of [socket, there])
        end.on('error', () => {
          socket.destroy()
          there.destroy()
        })
      socket.pipe(there).pipe(socket)
    })
    server.listen(port, addresses[host])
    await once(server, 'listening')
  }

  const names = createSocket('udp4')
  names.on('message', (question, { port, address }) => {
    questions.push(question)
    names.send(answerOf(question), port, address)
  })
  names.bind(53, addresses['resolver.example'])
  await once(names, 'listening')

  process.on('message', () => {
    const all = connections.map(({ to, chunks }) => ({ to, bytes: Buffer.concat(chunks).toString('latin1') }))
    process.send!({ connections: all, questions: questions.map((bytes) => bytes.toString('latin1')) })
  })
  process.send!({ sources: archive.sourcesAt(archiveUrl) })
}

/** RFC 1035, 4.1: one question; an A record for what is here, else that there is no such name. */
export function answerOf(question: Buffer): Buffer {
  const labels: string[] = []
  let at = 12
  for (let length = question[at++]!; length > 0; length = question[at++]!)
    labels.push(question.toString('latin1', at, (at += length)))
  const type = question.readUInt16BE(at)
  const address: string | undefined = (addresses as Record<string, string>)[labels.join('.').toLowerCase()]
  const found = address !== undefined && type === 1
  const head = Buffer.from(question.subarray(0, 12))
  head.writeUInt16BE(address === undefined ? 0x8183 : 0x8180, 2)
  head.writeUInt16BE(found ? 1 : 0, 6)
  head.writeUInt32BE(0, 8)
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...(address ?? '').split('.').map(Number)])
  return Buffer.concat([head, question.subarray(12, at + 4), ...(found ? [record] : [])])
}

if (import.meta.main) await run()
