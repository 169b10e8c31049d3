/**
 * A receiver of notices on loopback that a test tells what to answer:
 *
 *   const hook = await startHook(t)
 *   hook.answer = () => ({ status: 503 })     null: never an answer
 *   const post = await hook.got(3)            resolves once so many have come
 */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text as textOf } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'

export type Posted = {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}
type Answer = { readonly status?: number; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> }

export type TestHook = Awaited<ReturnType<typeof startHook>>

export async function startHook() {
  const posts: Posted[] = []
  const server = createServer((req, res) => {
    void take(req, res)
  })
  async function take(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const post = { method: req.method!, path: req.url!, headers: req.headers, body: await textOf(req) }
    posts.push(post)
    const answer = hook.answer(post)
    if (answer === null) return
    res.writeHead(answer.status ?? 200, answer.headers)
    res.end(answer.body === undefined ? 'ok' : JSON.stringify(answer.body))
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const hook = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    posts,
    answer: (() => ({})) as (post: Posted) => Answer | null,
    /** The last one, once there are so many. */
    async got(count: number, ms = 60_000): Promise<Posted> {
      for (const late = Date.now() + ms; posts.length < count; await sleep(10))
        if (Date.now() > late) throw new Error(`${posts.length} of ${count} notices came`)
      return posts[count - 1]!
    },
    async close(): Promise<void> {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return hook
}
