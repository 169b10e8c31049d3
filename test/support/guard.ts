/**
 * Loaded before every test file (`--import`): the test process reaches loopback only, by socket, datagram or name, and its
 * children inherit a proxy that refuses. A refusal is thrown where it happens, and fails the file even if that is caught.
 */
import { Socket as Datagrams } from 'node:dgram'
import dns from 'node:dns'
import { syncBuiltinESMExports } from 'node:module'
import { isIP, Socket, type SocketConnectOpts } from 'node:net'

const loopback =
  /^(?:127\.\d+\.\d+\.\d+|::1|::ffff:127\.\d+\.\d+\.\d+|0\.0\.0\.0|::|localhost|(?:.+\.)?localhost\.?|ip6-localhost)$/i

function refuse(what: string): Error {
  process.exitCode = 1
  const error = new Error(`a test may not reach ${what}: only loopback is allowed`)
  process.once('exit', () => process.stderr.write(`${error.stack}\n`))
  return error
}

function check(host: string): void {
  if (!loopback.test(host)) throw refuse(host)
}

type Lookup = NonNullable<Extract<SocketConnectOpts, { port: number }>['lookup']>

/** A lookup of the code under test may answer for any name, with loopback addresses. */
function checked(lookup: Lookup): Lookup {
  return (name, options, callback) =>
    lookup(name, options, (error, address, family) => {
      const outside = error ? undefined : [address].flat().map((one) => (typeof one === 'string' ? one : one.address))
      const found = outside?.find((one) => !loopback.test(one))
      if (found === undefined) callback(error, address, family)
      else callback(refuse(`${name} (${found})`), [])
    })
}

const connect = Socket.prototype.connect
Socket.prototype.connect = function (this: Socket, ...args: unknown[]) {
  // net.connect and http.Agent pass one array of what they have already put in order.
  const first = Array.isArray(args[0]) ? args[0][0] : args[0]
  const port = typeof first === 'number' || (typeof first === 'string' && /^\d+$/.test(first))
  const options = port ? { port: Number(first), host: args[1] } : first
  if (typeof options === 'object' && options !== null && !options.path) {
    const host = typeof options.host === 'string' ? options.host : 'localhost'
    if (options.lookup && !isIP(host)) options.lookup = checked(options.lookup)
    else check(host)
  }
  return Reflect.apply(connect, this, args)
} as typeof Socket.prototype.connect

const datagrams = Datagrams.prototype as unknown as Record<'send' | 'connect', (...args: unknown[]) => unknown>
for (const method of ['send', 'connect'] as const) {
  const original = datagrams[method]
  datagrams[method] = function (this: Datagrams, ...args: unknown[]) {
    const host = args.slice(method === 'send' ? 1 : 0).find((arg) => typeof arg === 'string')
    if (typeof host === 'string') check(host)
    return original.apply(this, args)
  }
}

/** Every question to the resolver; `lookup` of a loopback name needs none. */
for (const asker of [dns, dns.promises, dns.Resolver.prototype, dns.promises.Resolver.prototype] as object[]) {
  const methods = asker as Record<string, unknown>
  for (const name of Object.getOwnPropertyNames(asker).filter((name) => /^(?:lookup|resolve|reverse)/.test(name))) {
    const original = methods[name]
    if (typeof original !== 'function') continue
    methods[name] = function (this: unknown, host: unknown, ...rest: unknown[]): unknown {
      if (name.startsWith('lookup')) check(isIP(String(host)) ? 'localhost' : String(host))
      else throw refuse(`a name server for ${String(host)}`)
      return original.call(this, host, ...rest)
    }
  }
}
syncBuiltinESMExports()

// Nothing listens on the discard port, so what a child asks of the outside is refused at once.
for (const name of ['http_proxy', 'https_proxy', 'all_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY']) {
  process.env[name] = 'http://127.0.0.1:9'
}
process.env['no_proxy'] = process.env['NO_PROXY'] = 'localhost,127.0.0.1,::1'
