/**
 * Loaded before the mirror's own modules, as sabotage: what a pull-through proxy would do on a miss, each in the way that
 * AIRLOCK_TEST_LEAK says. What the test counts must see every one.
 */
import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { lookup } from 'node:dns'
import { Server, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect } from 'node:net'

const [host, port] = (process.env['AIRLOCK_TEST_LEAK_TO'] ?? '10.77.2.2:8000').split(':')
const leak = process.env['AIRLOCK_TEST_LEAK'] ?? ''
const word = (req: IncomingMessage) =>
  (req.url ?? '')
    .replaceAll(/[^a-z0-9-]+/gi, '-')
    .slice(-60)
    .replaceAll(/^-+|-+$/g, '')

const ways: Readonly<Record<string, (req: IncomingMessage) => void>> = {
  'a name is looked up': (req) => lookup(`${word(req)}.example`, () => {}),
  'the index is asked': (req) => {
    const socket = connect(Number(port), host, () => socket.end(`GET /simple/${word(req)}/ HTTP/1.0\r\n\r\n`))
    socket.on('error', () => {}).resume()
  },
  'a datagram is sent': (req) => {
    const socket = createSocket('udp4')
    socket.send(Buffer.from(req.headers['user-agent'] ?? '').toString('base64'), 514, '10.77.2.5', () => socket.close())
  },
  'a child asks': (req) => {
    spawn('getent', ['hosts', `${word(req)}.example`], { stdio: 'ignore' }).on('error', () => {})
  },
}

const emit = Server.prototype.emit
Server.prototype.emit = function (this: Server, event: string | symbol, ...args: unknown[]) {
  if (event === 'request') {
    const [req, res] = args as [IncomingMessage, ServerResponse]
    res.once('finish', () => res.statusCode === 404 && ways[leak]!(req))
  }
  return Reflect.apply(emit, this, [event, ...args])
} as typeof Server.prototype.emit
