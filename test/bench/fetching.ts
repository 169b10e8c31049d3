/** Plain GETs over kept connections, with names looked up once, through the proxy that the environment names; and files, with their digests. */
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { pipeline } from 'node:stream/promises'
import tls from 'node:tls'
import { createLookup, createResolve } from '../../server/upstream/addresses.ts'

/** Reading the certificates takes longer than a request: once. */
const secureContext = tls.createSecureContext({
  ca: [...tls.getCACertificates('default'), ...tls.getCACertificates('system')],
})

/** Sockets a host: each one more costs a handshake. */
const most = 32

export type Fetching = ReturnType<typeof createFetching>

export function createFetching(env: Readonly<Record<string, string>>) {
  const options = {
    keepAlive: true,
    maxSockets: most,
    proxyEnv: env,
    secureContext,
    lookup: createLookup(createResolve(), false),
  }
  const agents = { https: new https.Agent(options), http: new http.Agent(options) }

  function open(url: string, headers: http.OutgoingHttpHeaders = {}, method = 'GET'): Promise<http.IncomingMessage> {
    const isSecure = url.startsWith('https:')
    const agent = isSecure ? agents.https : agents.http
    return new Promise((resolve, reject) =>
      (isSecure ? https : http).request(url, { agent, headers, method }, resolve).on('error', reject).end(),
    )
  }

  return {
    open,
    /** Rejects with RangeError when the bytes are others. */
    async file(url: string, path: string, sha256: string | null): Promise<void> {
      const answer = await open(url)
      const hash = createHash('sha256')
      answer.on('data', (chunk: Buffer) => hash.update(chunk))
      await pipeline(answer, createWriteStream(path))
      if (sha256 !== null && hash.digest('hex') !== sha256) throw new RangeError(`${path} is not what it should be`)
    },
    close() {
      for (const agent of Object.values(agents)) agent.destroy()
    },
  }
}
