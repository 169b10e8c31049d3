/** `setup.sh --undo`: byte for byte, and nothing that somebody did in between is lost without a word. */
import assert from 'node:assert/strict'
import { chmod, mkdir, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { makePod, makeTree, type Pod } from './pod.ts'

const pipConf =
  '[global]\nindex-url = https://lin:secret@index.example/simple\n\n[install]\nno-warn-script-location = true'

/** A pod with everything that set-up touches, each odd in some way. */
async function oddPod(t: TestContext): Promise<Pod> {
  const pod = await makePod(t, {
    'etc/pip.conf': pipConf,
    'etc/dotfiles/uv.toml': 'index-url = "https://index.example/simple"\n',
    'etc/uv/': '',
    'etc/apt/sources.list.d/debian.sources': 'Types: deb\nURIs: http://archive.example/debian\nSuites: bookworm\n',
    'etc/apt/sources.list.d/of a vendor.list': 'deb http://vendor.example stable main\r\n',
    'etc/apt/sources.list.d/empty.list': '',
    'etc/apt/apt.conf.d/90airlock': '// somebody had the same idea\n',
    'root/.config/pip/pip.conf': '[global]\nextra-index-url = https://index.example/simple\n',
    'root/.pip/pip.conf': '[install]\nfind-links = https://wheels.example/\n  /opt/wheels\n',
  })
  await symlink('../dotfiles/uv.toml', join(pod.root, 'etc/uv/uv.toml'))
  await symlink('/nonexistent/list', join(pod.root, 'etc/apt/sources.list'))
  await chmod(join(pod.root, 'etc/pip.conf'), 0o600)
  await chmod(join(pod.root, 'etc/apt/sources.list.d/debian.sources'), 0o640)
  await utimes(join(pod.root, 'etc/apt/sources.list.d/debian.sources'), 1_500_000_000, 1_600_000_000)
  return pod
}

test('undo gives back every byte, mode, time and link, and takes away what was made', async (t) => {
  const tree = await makeTree(t)
  const pod = await oddPod(t)
  const before = await pod.photograph()
  await pod.setUp(tree)
  assert.notDeepEqual(await pod.photograph(), before)
  await pod.setUp(tree, ['--undo'])
  assert.deepEqual(await pod.photograph(), before)
})

test('undo after several set-ups, for several targets, gives back what was there before the first', async (t) => {
  const tree = await makeTree(t, { targets: ['pip default simple', 'pip b b', 'apt default default', 'apt b b'] })
  const pod = await oddPod(t)
  const before = await pod.photograph()
  for (const target of ['default', 'b', 'b', 'default']) await pod.setUp(tree, ['--target', target])
  await pod.setUp(tree, ['--undo'])
  assert.deepEqual(await pod.photograph(), before)
})

test('undo in a pod that had nothing leaves nothing', async (t) => {
  const tree = await makeTree(t)
  const pod = await makePod(t)
  const before = await pod.photograph()
  await pod.setUp(tree)
  await pod.setUp(tree, ['--undo'])
  assert.deepEqual(await pod.photograph(), before)
  const again = await pod.setUp(tree, ['--undo'])
  assert.match(again.stderr, /nothing to undo/)
  assert.deepEqual(await pod.photograph(), before)
})

test('undo needs no Airlock', async (t) => {
  const tree = await makeTree(t)
  const pod = await oddPod(t)
  const before = await pod.photograph()
  await pod.setUp(tree)
  await rm(join(tree, 'homepod/targets'))
  await pod.setUp(tree, ['--undo'])
  assert.deepEqual(await pod.photograph(), before)
})

test('the new pip.conf is readable for whom the old one was', async (t) => {
  const tree = await makeTree(t)
  const pod = await oddPod(t)
  await pod.setUp(tree)
  assert.match((await pod.photograph())['etc/pip.conf']!, /^file 600 /)
  assert.doesNotMatch(await pod.read('etc/pip.conf'), /secret/)
})

const changes: readonly (readonly [
  what: string,
  path: string,
  change: (pod: Pod, path: string) => Promise<void>,
  kept: string,
])[] = [
  [
    'a file that was there',
    'etc/pip.conf',
    (pod, path) => pod.write(path, '[global]\nmine = 1\n'),
    '[global]\nmine = 1\n',
  ],
  ['a file that set-up made', 'etc/apt/sources.list.d/airlock.sources', (pod, path) => pod.write(path, 'mine'), 'mine'],
  [
    'a source that was moved aside',
    'etc/apt/sources.list.d/debian.sources',
    (pod, path) => pod.write(path, 'mine'),
    'mine',
  ],
  [
    'a link that was moved aside',
    'etc/apt/sources.list',
    (pod, path) => pod.write(path, 'deb http://mine.example x main\n'),
    'deb http://mine.example x main\n',
  ],
]

for (const [what, path, change, kept] of changes) {
  test(`what somebody wrote after set-up into ${what} is kept beside it, and undo says so`, async (t) => {
    const tree = await makeTree(t)
    const pod = await oddPod(t)
    const before = await pod.photograph()
    await pod.setUp(tree)
    await change(pod, path)
    const said = await pod.setUp(tree, ['--undo'])
    const beside = `${path}.airlock-changed.save`
    assert.match(
      said.stderr,
      new RegExp(`changed ${pod.root}/${path} after set-up by somebody; that is now .*${beside}`),
    )
    assert.match(said.stderr, /what was changed after set-up lies beside it/)
    assert.equal(await pod.read(beside), kept)
    const { [beside]: _, ...after } = await pod.photograph()
    assert.deepEqual(after, before)
  })
}

test('what somebody wrote between two set-ups is kept beside too', async (t) => {
  const tree = await makeTree(t)
  const pod = await oddPod(t)
  const before = await pod.photograph()
  await pod.setUp(tree)
  await pod.write('etc/pip.conf', '[global]\nindex-url = https://index.example/\nmine = 1\n')
  await pod.setUp(tree)
  assert.match(await pod.read('etc/pip.conf'), /index-url = file:[^]*mine = 1/, 'and goes on to hold')
  await pod.write('etc/pip.conf', 'once more')
  await pod.setUp(tree, ['--undo'])
  const first = 'etc/pip.conf.airlock-changed.save'
  const second = 'etc/pip.conf.airlock-changed-2.save'
  assert.match(await pod.read(first), /mine = 1/)
  assert.equal(await pod.read(second), 'once more')
  const { [first]: _, [second]: __, ...after } = await pod.photograph()
  assert.deepEqual(after, before)
})

test('what somebody took away or put back by hand is as it was', async (t) => {
  const tree = await makeTree(t)
  const pod = await oddPod(t)
  const before = await pod.photograph()
  await pod.setUp(tree)
  await pod.write('etc/pip.conf', pipConf)
  await rm(join(pod.root, 'etc/apt/apt.conf.d/90airlock'))
  await rm(join(pod.root, 'etc/airlock'), { recursive: true })
  await rm(join(pod.root, 'etc/apt/sources.list.d'), { recursive: true })
  const said = await pod.setUp(tree, ['--undo'])
  assert.doesNotMatch(said.stderr, /changed/)
  assert.deepEqual(await pod.photograph(), before)
})

test('a folder that set-up made stays where somebody has put something into it', async (t) => {
  const tree = await makeTree(t)
  const pod = await makePod(t)
  await pod.setUp(tree)
  await mkdir(join(pod.root, 'etc/uv/mine'))
  await writeFile(join(pod.root, 'etc/uv/mine/x'), 'x')
  await pod.setUp(tree, ['--undo'])
  assert.equal(await pod.read('etc/uv/mine/x'), 'x')
  assert.equal(await pod.exists('etc/uv/uv.toml'), false)
})
