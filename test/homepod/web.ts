/** A folder over HTTP on loopback, by the plainest of servers: what any web server does with a tree. */
import { createReadStream, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, normalize } from 'node:path'
import type { TestContext } from 'node:test'

/** Its address, without a last slash. `asked` gets each path. */
export async function startFolder(t: TestContext, folder: string, asked: string[] = []): Promise<string> {
  const server = createServer((req, res) => {
    const path = normalize(decodeURIComponent(req.url ?? '/'))
    asked.push(path)
    const file = join(folder, path.endsWith('/') ? `${path}index.html` : path)
    const found = statSync(file, { throwIfNoEntry: false })
    if (!found?.isFile()) return void res.writeHead(404, { 'content-length': 0 }).end()
    res.writeHead(200, { 'content-length': found.size, 'content-type': 'text/html' })
    if (req.method === 'HEAD') res.end()
    else createReadStream(file).pipe(res)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
