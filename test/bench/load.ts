/**
 * A load client on plain sockets: keep-alive, one request under way a connection, answers counted by their bytes. It runs
 * as a process of its own, on the core that the server does not have: `node load.ts PORT LOAD`, the result on stdout.
 */
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'

export type Load = {
  /** Taken in turn, each request the next. A path's answer has the same length each time. */
  readonly paths: readonly string[]
  readonly headers: Readonly<Record<string, string>>
  readonly status: number
  readonly connections: number
  readonly seconds: number
}

export type Measured = { readonly answers: number; readonly bytes: number; readonly seconds: number }

export const loadFile = fileURLToPath(import.meta.url)

/** Sends the load until the time is over. Fails on another status than the one expected, or when the server hangs up. */
async function run(port: number, { paths, headers, status, connections, seconds }: Load): Promise<Measured> {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const requests = paths.map((path) =>
    Buffer.from(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${lines.join('')}\r\n`),
  )
  const line = Buffer.from(`HTTP/1.1 ${status} `)
  /** Of a whole answer, by path, once it is known. */
  const lengths: number[] = []
  let answers = 0
  let bytes = 0
  let asked = 0
  const from = performance.now()
  const isOver = (): boolean => performance.now() - from >= seconds * 1000

  const serve = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const buffer = Buffer.allocUnsafeSlow(2 ** 20)
      let path = 0
      /** Bytes of the answer under way that are still to come; null before its first. */
      let rest: number | null = null

      const begin = (length: number): number => {
        if (length < line.length || line.compare(buffer, 0, line.length) !== 0)
          throw new Error(`not ${status}: ${buffer.toString('latin1', 0, Math.min(length, 200))}`)
        return (lengths[path] ??= measure(buffer.toString('latin1', 0, Math.min(length, 16_384)), status))
      }
      const ask = (): void => {
        path = asked++ % requests.length
        rest = null
        socket.write(requests[path]!)
      }
      const receive = (length: number): boolean => {
        bytes += length
        rest = (rest ?? begin(length)) - length
        if (rest === 0) answers++
        if (isOver()) {
          resolve()
          socket.destroy()
        } else if (rest === 0) ask()
        return true
      }
      const socket = connect({ port, host: '127.0.0.1', noDelay: true, onread: { buffer, callback: receive } })
      socket.on('connect', ask)
      socket.on('error', reject)
      socket.on('close', () => reject(new Error('the server hung up')))
    })

  await Promise.all(Array.from({ length: connections }, serve))
  return { answers, bytes, seconds: (performance.now() - from) / 1000 }
}

/** The length of an answer, head and body, from its first bytes. */
function measure(start: string, status: number): number {
  const head = start.indexOf('\r\n\r\n') + 4
  const length = /\r\ncontent-length: (\d+)\r\n/i.exec(start)?.[1]
  if (head < 4 || (status !== 304 && length === undefined)) throw new Error(`an answer without its length: ${start}`)
  return head + (status === 304 ? 0 : Number(length))
}

if (process.argv[1] === loadFile) {
  const [, , port, load] = process.argv
  process.stdout.write(JSON.stringify(await run(Number(port), JSON.parse(load!) as Load)))
}
