/** A tree with secrets everywhere around what may be found, and the spellings that somebody might try to get at them. */
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { putFile, rawGet, secret, sha256, startMirror, type MirrorUnder, type Running } from './fixture.ts'

export const page = '<a>numpy</a>'

/** A tree with something to find everywhere around what may be found. */
export async function besieged(t: TestContext, options: MirrorUnder = {}): Promise<Running> {
  const mirror = await startMirror(t, options)
  const { root } = mirror
  await mirror.put('pip/simple/numpy/index.html', page)
  await mirror.put('apt/trixie/InRelease', 'signed')
  await mirror.put('homepod/setup.sh', 'echo')
  for (const path of [
    'secret.txt',
    'index.json',
    '.secret',
    `.incoming/${sha256(secret)}/x-1.0-py3-none-any.whl`,
    'pip/.secret',
    'pip/secret.txt',
    'pip/simple/.secret',
    'pip/simple/secret.txt',
    'pip/simple/numpy/.index.html.swp',
    'pip/simple/numpy/secret.whl',
    'pip/simple/.numpy/index.html',
    'pip/pool/secret.txt',
    'pip/requests/secret.txt',
    'pip/requests/1/secret.txt',
    'apt/secret.txt',
    'apt/.trixie/InRelease',
    'apt/trixie/.secret',
    'homepod/.secret',
    'data/secret.txt',
    'lost+found/secret.txt',
  ])
    await mirror.put(path, secret)
  await putFile(join(root, '..'), 'secret.txt', secret)
  await putFile(join(root, '..'), 'outside/index.html', secret)
  await symlink(join(root, '..', 'outside'), join(root, 'pip/simple/linked'))
  await symlink(join(root, '..', 'secret.txt'), join(root, 'homepod/linked.sh'))
  await symlink('/etc', join(root, 'homepod/etc'))
  await symlink('..', join(root, 'apt/up'))
  await mkdir(join(root, 'pip/simple/folder/index.html'), { recursive: true })
  await writeFile(join(root, 'pip/simple/folder/index.html/secret'), secret)
  return mirror
}

const wheel = `.incoming/${sha256(secret)}/x-1.0-py3-none-any.whl`
const ups = [
  '..',
  '.%2e',
  '%2e.',
  '%2e%2e',
  '%2E%2E',
  '%252e%252e',
  '..;',
  '...',
  '.',
  '%2e',
  '..%00',
  '%c0%ae%c0%ae',
  '%u002e%u002e',
  '．．',
  '..%5c',
  '..\\',
]
const separators = ['/', '%2f', '%2F', '%5c', '\\', '//', '/./', '%252f', '%c0%af', '∕']
const starts = [
  '/',
  '/pip/',
  '/pip/simple/',
  '/pip/simple/numpy/',
  '/apt/trixie/',
  '/apt/trixie/./',
  '/homepod/',
  '/pip/requests/1/',
  '/pip/pool/ab/',
]

/** Spellings of what lies outside, hidden, or beside what is served. */
export const targets = [
  ...starts.flatMap((start) =>
    ups.flatMap((up) => [`${start}${up}/secret.txt`, `${start}${up}/${up}/${up}/${up}/secret.txt`]),
  ),
  ...separators.flatMap((separator) =>
    starts.map((start) => `${start}..${separator}..${separator}..${separator}..${separator}secret.txt`),
  ),
  ...starts.flatMap((start) => [
    `${start}.secret`,
    `${start}%2esecret`,
    `${start}secret.txt`,
    `${start}secret.txt%00.html`,
  ]),
  ...['', '/', '//', '/./', '/pip/../', '/pip/%2e%2e/', '/apt/trixie/./../../', '/homepod/../'].map(
    (start) => `${start}${wheel}`,
  ),
  `/%2eincoming/${sha256(secret)}/x-1.0-py3-none-any.whl`,
  `/${wheel.replaceAll('/', '%2f')}`,
  '/secret.txt',
  '/index.json',
  '/.secret',
  '/data/secret.txt',
  '/lost+found/secret.txt',
  '/pip/simple/numpy/.index.html.swp',
  '/pip/simple/numpy/secret.whl',
  '/pip/simple/.numpy/',
  '/pip/simple/.numpy',
  '/pip/simple/linked/',
  '/pip/simple/folder/',
  '/pip/simple/folder/index.html/secret',
  '/homepod/linked.sh',
  '/homepod/etc/passwd',
  '/apt/.trixie/InRelease',
  '/apt/up/secret.txt',
  '/etc/passwd',
  '//etc/passwd',
  '/../../../../../../etc/passwd',
  '/pip/simple/../../../../../../etc/passwd',
  '/homepod/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd',
  // as deep as any folder for tests lies
  `/homepod/${'%2e%2e/'.repeat(20)}etc/passwd`,
  '/proc/self/environ',
  '/pip/simple/numpy/index.html%00',
  '/pip/simple/numpy/index.html/..',
  '/pip/simple/numpy%2findex.html',
  '/pip/simple/NUMPY%2f..%2f..%2fsecret.txt',
  '/PIP/simple/numpy/',
  'file:///etc/passwd',
  'http://127.0.0.1/pip/simple/numpy/',
  'https://index.example/simple/numpy/',
  'http://[::1]/',
  'ftp://files.example/x',
  'index.example:443',
  '../secret.txt',
  'secret.txt',
  '*',
]

/** Targets whose answer has a byte of what it must not have, or another status than a refusal. */
export async function leaksOf(mirror: Running): Promise<string[]> {
  const leaks: string[] = []
  for (const target of targets) {
    const answer = (await mirror.raw(Buffer.from(rawGet(target), 'utf8'))).toString()
    const isRefused = /^HTTP\/1\.1 (?:400|404|405) /.test(answer)
    if (!isRefused || [secret, 'root:', mirror.root].some((text) => answer.includes(text))) leaks.push(target)
  }
  return leaks
}
