import assert from 'node:assert/strict'
import { test } from 'node:test'
import { viewItems, viewPackage } from '../../server/console/views.ts'
import { artifact } from '../support/records.ts'

const item = (file: string, neededBy: readonly string[] = [], isRoot = false) => ({
  artifact: artifact(file),
  isRoot,
  isNew: true,
  neededBy,
})
const updates = (...[items, proved]: Parameters<typeof viewItems>) =>
  viewItems(items, proved).flatMap(({ project, update }) => (update ? [project] : []))

test('an update is what no root pulls in, once it is said who needs whom', () => {
  const said = [item('a-1', [], true), item('b-1', ['a']), item('c-1', ['b']), item('d-1'), item('e-1', ['d'])]
  assert.deepEqual(updates(said, null), ['d', 'e'])
  assert.deepEqual(updates(said, {}), ['d', 'e'])
})

test('before a proof nobody has said who needs whom, and nothing is called an update; after it, silence means nobody', () => {
  const unsaid = [item('a-1', [], true), item('b-1'), item('c-1')]
  assert.deepEqual(updates(unsaid, null), [])
  assert.deepEqual(updates(unsaid, {}), ['b', 'c'])
})

test('a file is shown with where it is fetched beside its digest', () => {
  const { artifact: file } = item('a-1')
  const [one] = viewItems([item('a-1', [], true)], null)
  const [other] = viewPackage('pip', 'a', [{ artifact: file, lanes: ['pip/simple'], addedAt: '' }], [], []).files
  for (const shown of [one, other]) assert.deepEqual([shown?.url, shown?.sha256], [file.url, file.sha256])
})

test('what an index puts into a link to open it is shown to nobody', () => {
  const signed = item('a-1', [], true)
  const url = 'https://files.example/a-1.whl'
  for (const query of ['?X-Signature=s3cret', '?a\nb#s3cret', '#s3cret']) {
    const [shown] = viewItems([{ ...signed, artifact: { ...signed.artifact, url: url + query } }], null)
    assert.equal(shown?.url, url)
  }
})
