import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { test } from 'node:test'
import { createPipGateway } from '../../server/pip/gateway.ts'
import type { StandIn } from '../../server/pip/sources.ts'

const broken = new Error('the disk is broken')

/** A gateway that knows one project, and cannot read what is kept of its sources. */
function setUp() {
  const project = { name: 'aa', origin: 'default', page: { name: 'aa', files: [], versions: null }, sha256: 'a' }
  const gateway = createPipGateway({
    projects: { get: () => Promise.resolve({ ...project, fetchedAt: '' }) },
    standIns: {
      of: () => Promise.reject(broken),
      find: () => ({ project }) as unknown as StandIn,
      metadataOf: () => Promise.reject(broken),
    },
    prefetch: { open: () => ({ begin() {}, close() {} }) },
    gatewayUrl: () => 'http://127.0.0.1:1',
  } as unknown as Parameters<typeof createPipGateway>[0])
  const reasons: unknown[] = []
  const { signal } = new AbortController()
  const abort = (reason: unknown) => void reasons.push(reason)
  const session = gateway.open({ signal, target: { tags: [] }, fresh: false, stale: false, sources: null, abort })
  const authorization = `Basic ${Buffer.from(`${session.id}:`).toString('base64')}`
  const ask = (path: string) =>
    gateway.respond(
      { method: 'GET', headers: { authorization } } as unknown as IncomingMessage,
      { once() {} } as unknown as ServerResponse,
      path,
    )
  return { session, reasons, ask }
}

test('a solve that Airlock itself fails ends at once, with that error, and not with the solver’s words', async () => {
  const { session, reasons, ask } = setUp()
  await assert.rejects(ask('/index/upstream/aa/'), broken)
  assert.deepEqual([session.failure, reasons], [broken, [broken]])
})

test('so does one that asks for what a source says of itself', async () => {
  const { session, reasons, ask } = setUp()
  session.asked.set('aa', null)
  await assert.rejects(ask('/sources/aa/aa-1.0-0x0-py3-none-any.whl.metadata'), broken)
  assert.deepEqual([session.failure, reasons], [broken, [broken]])
})
