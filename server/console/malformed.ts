import type { Duplex } from 'node:stream'
import { AirlockError } from '../errors.ts'
import { toProblem } from './problems.ts'

/** What is no request that Express could see (headers beyond Node's limit, bytes that are no HTTP): a problem all the same. */
export function answerMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy()
  const problem = toProblem(
    error.code === 'HPE_HEADER_OVERFLOW'
      ? new AirlockError('headers-too-large')
      : new AirlockError('request-invalid', { reason: { en: 'it is not HTTP', zh: '不是有效的 HTTP 请求' } }),
    'en',
  )
  const body = JSON.stringify(problem)
  const head = [
    `HTTP/1.1 ${problem.status} ${problem.title}`,
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'X-Content-Type-Options: nosniff',
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
