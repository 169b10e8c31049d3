/** What can be wrong with a .deb that an archive's signed index names. */
import {
  badRange,
  bomb,
  cut,
  endless,
  file,
  lyingLength,
  raw,
  redirect,
  reset,
  silence,
  stall,
  status,
  trickle,
  unmarkedEnd,
  type Answer,
} from '../support/upstream.ts'

export type Fault = {
  readonly name: string
  /** What is sent in the place of the .deb, of which these are the bytes; absent: the .deb. */
  readonly answers?: (bytes: Buffer) => readonly Answer[]
  /** What the control file says, where that is not what the index says. */
  readonly sent?: { readonly name?: string; readonly version?: string; readonly architecture?: string }
  /** Fields of the paragraph that are not the .deb's; null: absent. */
  readonly fields?: Readonly<Record<string, string | null>>
  readonly code: string
  readonly said: RegExp
  /**
   * How it passes: within the same fetch; only the next one is right, by which a request asks the archive anew
   * (`renewal`) or which is another request's; `stays`: it is in the signed index.
   */
  readonly passes: 'within' | 'renewal' | 'next' | 'stays'
  /** Whether it is let pass through a whole request too, on a target of its own. */
  readonly wholly?: boolean
}

const broken = (name: string, answer: (bytes: Buffer) => Answer, said: RegExp, wholly = false): Fault => ({
  name, answers: (bytes) => [answer(bytes)], code: 'upstream-unreachable', said, passes: 'within', wholly,
}) // prettier-ignore
const other = (name: string, code: string, answer: (bytes: Buffer) => Answer, said: RegExp, passes: Fault['passes'], wholly = false): Fault => ({
  name, answers: (bytes) => [answer(bytes)], code, said, passes, wholly,
}) // prettier-ignore
const size = (name: string, answer: (bytes: Buffer) => Answer) =>
  other(name, 'size-mismatch', answer, /has \d+ bytes where \d+ were stated/, 'within')
const digest = (name: string, answer: (bytes: Buffer) => Answer, wholly = false) =>
  other(name, 'digest-mismatch', answer, /SHA-256 [0-9a-f]{64} instead of/, 'within', wholly)
const answered = (code: number, passes: Fault['passes'], headers: Record<string, string> = {}, wholly = false) =>
  other(`a ${code}${'retry-after' in headers ? ' that says when' : ''}`, 'upstream-status', () => status(code, headers), new RegExp(`answered ${code} for .*\\.deb`), passes, wholly) // prettier-ignore
const refused = (name: string, location: string, said: RegExp) =>
  other(name, 'upstream-host-refused', () => redirect(location), said, 'next')

const etag = '"1"'
const half = (bytes: Buffer) => bytes.length >> 1
const flipped = (bytes: Buffer, at: number) => {
  const copy = Buffer.from(bytes)
  copy[at]! ^= 1
  return copy
}

const transport: readonly Fault[] = [
  broken('a connection that is reset', () => reset(), /the connection broke off/, true),
  broken('a connection that ends without an answer', () => raw(''), /the connection broke off/),
  broken('bytes that are not HTTP', () => raw('SSH-2.0-OpenSSH_9.2\r\n'), /does not speak HTTP/),
  broken('an answer cut within its headers', () => raw('HTTP/1.1 200 OK\r\nContent-Ty'), /broke off|HTTP/),
  broken('no answer', () => silence(), /did not answer in time/),
  broken('a .deb that stops after its headers', (bytes) => stall(bytes, 0), /sent nothing for/),
  broken('a .deb that stops half-way', (bytes) => stall(bytes, half(bytes)), /sent nothing for/),
  broken('a .deb that stops half-way and can be resumed', (bytes) => stall(bytes, 1000, { etag }), /sent nothing for/, true),
  broken('a .deb that trickles', (bytes) => trickle(bytes, 1, 20), /less than 2000 bytes a second/),
  broken('a .deb cut short', (bytes) => cut(bytes, half(bytes)), /broke off/),
  broken('a .deb cut one byte short', (bytes) => cut(bytes, bytes.length - 1), /broke off/),
  broken('a chunked .deb cut short', (bytes) => cut(bytes, half(bytes), { chunked: true }), /broke off/),
  other('a .deb whose end is not marked', 'upstream-answer-invalid', unmarkedEnd, /its end is not marked/, 'next'),
  size('a length that is too large', (bytes) => lyingLength(bytes, bytes.length + 1)),
  size('a length that is too small', (bytes) => lyingLength(bytes, bytes.length - 1)),
  size('a .deb that is too short', (bytes) => file(bytes.subarray(1))),
  size('a .deb that is too long', (bytes) => file(Buffer.concat([bytes, bytes]))),
  size('a chunked .deb that is too long', (bytes) => file(Buffer.concat([bytes, Buffer.from('x')]), { chunked: true })),
  size('a .deb without end', () => endless()),
  size('a bomb', () => bomb(64 << 20)),
  size('an empty .deb', () => file('')),
  size('a login page with status 200', () => file('<h1>Log in</h1>', { type: 'text/html' })),
  digest('a login page of the right length', (bytes) => file(Buffer.alloc(bytes.length, '<'), { type: 'text/html' })),
  digest('a .deb with one wrong bit', (bytes) => file(flipped(bytes, half(bytes))), true),
  digest('a .deb with its last bit wrong', (bytes) => file(flipped(bytes, bytes.length - 1), { etag })),
  digest('a .deb with a wrong magic', (bytes) => file(flipped(bytes, 0), { chunked: true })),
  other('a 206 for what was not asked in part', 'upstream-answer-invalid', (bytes) => badRange(`bytes 0-${bytes.length - 1}/${bytes.length}`, bytes), /not the part that was asked for/, 'within'),
  other('a 416 for what was not asked in part', 'upstream-answer-invalid', () => status(416), /not the part that was asked for/, 'within'),
  other('a 204', 'upstream-status', () => (_, res) => res.writeHead(204).end(), /answered 204/, 'next'),
  other('a 304', 'upstream-status', () => (_, res) => res.writeHead(304).end(), /answered 304/, 'next'),
  answered(400, 'next'),
  answered(401, 'next', { 'www-authenticate': 'Basic' }),
  answered(403, 'next'),
  answered(404, 'renewal', {}, true),
  answered(410, 'renewal'),
  answered(429, 'within', { 'retry-after': '5' }, true),
  answered(500, 'next', {}, true),
  answered(502, 'within'),
  answered(503, 'within', { 'retry-after': '5' }),
  answered(504, 'within'),
  other('a redirect to itself', 'upstream-answer-invalid', () => redirect(''), /redirects more than 3 times/, 'next'),
  refused('a redirect to this machine', 'https://127.0.0.1/', /names an address/),
  refused('a redirect to a private address', 'https://10.0.0.1/x.deb', /names an address/),
  refused('a redirect to a name of this machine', 'https://localhost/x.deb', /not a public host name/),
  refused('a redirect to plain http elsewhere', 'http://files.example/x.deb', /over https on port 443 alone/),
  refused('a redirect to a file', 'file:///etc/passwd', /only http and https/),
  refused('a redirect to another scheme', 'ftp://files.example/x.deb', /only http and https/),
] // prettier-ignore

const listed = (name: string, more: Pick<Fault, 'sent' | 'fields' | 'code' | 'said'>): Fault => ({
  name,
  passes: 'stays',
  ...more,
})
const zeros = '0'.repeat(64)

const meaning: readonly Fault[] = [
  listed('a .deb of another package than its paragraph', { sent: { name: 'evil' }, code: 'artifact-invalid', said: /its package is evil, the archive says d/ }),
  listed('a .deb of another version than its paragraph', { sent: { version: '2' }, code: 'artifact-invalid', said: /its version is 2, the archive says 1/ }),
  listed('a .deb of another architecture than its paragraph', { sent: { architecture: 'amd64' }, code: 'artifact-invalid', said: /its architecture is amd64, the archive says all/ }),
  listed('another digest in its paragraph', { fields: { SHA256: zeros }, code: 'digest-mismatch', said: /instead of 0{64}/ }),
  listed('a larger size in its paragraph', { fields: { Size: '999999' }, code: 'size-mismatch', said: /where 999999 were stated/ }),
  listed('a smaller size in its paragraph', { fields: { Size: '10' }, code: 'size-mismatch', said: /where 10 were stated/ }),
  listed('a file in its paragraph that is not there', { fields: { Filename: 'pool/nowhere.deb' }, code: 'upstream-status', said: /answered 404 for \/pool\/nowhere\.deb/ }),
  listed('a file in its paragraph that another package has', { fields: { Filename: 'pool/base_1.0-1_all.deb' }, code: 'proof-failed', said: /Unable to locate package/ }),
  listed('a file in its paragraph that is on another host', { fields: { Filename: '//files.example/x.deb' }, code: 'upstream-status', said: /answered 404/ }),
] // prettier-ignore

export const faults: readonly Fault[] = [...transport, ...meaning]
