import assert from 'node:assert/strict'
import { test } from 'node:test'
import { watchContacts } from '../../server/upstream/contacts.ts'
import { status } from '../support/upstream.ts'
import { asking, errorOf, outside } from './fixture.ts'

test('of two archives on one host each is told by its own folder, and what is not asked stays unasked', async (t) => {
  const { client, upstream } = await outside(t)
  const at = new Date('2026-01-02T03:04:05Z')
  const origins = ['debian', 'debian-security', 'other'].map((name) => ({ name, url: `${upstream.url}/${name}` }))
  const watched = watchContacts(client, origins, () => at)
  upstream.on('/debian-security/x', status(503))
  await watched.client.fetch(asking(`${upstream.url}/debian/dists/x`))
  await errorOf(watched.client.fetch(asking(`${upstream.url}/debian-security/x`)))
  assert.deepEqual(
    [...watched.last()],
    [
      ['debian', { at: at.toISOString(), ok: true }],
      ['debian-security', { at: at.toISOString(), ok: false }],
      ['other', null],
    ],
  )
})
