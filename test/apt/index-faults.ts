/** What can be wrong with an archive's index, as the archive at the next update: version 2 of `aa` in place of 1. */
import { gzipSync } from 'node:zlib'
import { makeArchiveKey } from '../support/archive.ts'
import { buildDeb } from '../support/deb.ts'
import {
  badRange,
  bomb,
  cut,
  endless,
  file,
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
import { folder, packagesAt, renderSuite, stanza, when, type Files, type SuiteOptions } from './suite.ts'

export type Fault = {
  readonly name: string
  /** The archive while the fault lasts, as a whole. */
  readonly files?: Files
  /** Or: answers in place of its files, by path. */
  readonly over?: Readonly<Record<string, Answer>>
  /** While it lasts: the problem's code and words, or what is needed for `aa` all the same. */
  readonly staying: { readonly code: string; readonly said: RegExp } | readonly string[]
  /** Once it has passed: the update that is right, the first one or the second; null: the next one that is asked for. */
  readonly passes: 1 | 2 | null
}

const [first, second, third] = await Promise.all(['1', '2', '3'].map((version) => buildDeb({ name: 'aa', version })))
const other = await buildDeb({ name: 'aa', version: '9' })
const stanzas = (deb = second!, fields: Parameters<typeof stanza>[1] = {}) => [stanza(deb, fields)]

/** The archive at the first update, and after the fault. */
export const before = await renderSuite({ packages: stanzas(first), release: { Date: when(-7200) } })
/** Newer than every fault: apt goes back to no older Release. */
export const after = await renderSuite({ packages: stanzas(), release: { Date: when(0) } })

const inRelease = `/${folder}/InRelease`
const release = `/${folder}/Release`
const packages = `/${folder}/${packagesAt}`
const indexes = [`${packages}.gz`, packages]
const releases = [inRelease, release]
const bytesOf = (path: string, files = after) => files.get(path.slice(1))!

const failed = (said: RegExp) => ({ code: 'apt-update-failed', said })

function sent(
  name: string,
  at: readonly string[],
  answer: (bytes: Buffer) => Answer,
  said: RegExp | readonly string[],
  passes: Fault['passes'],
): Fault {
  const over = Object.fromEntries(at.map((path) => [path, answer(bytesOf(path))]))
  return { name, over, staying: said instanceof RegExp ? failed(said) : said, passes }
}

async function state(
  name: string,
  options: Partial<SuiteOptions>,
  staying: RegExp | Fault['staying'],
  passes: Fault['passes'],
): Promise<Fault> {
  const files = await renderSuite({ packages: stanzas(), ...options })
  return { name, files, staying: staying instanceof RegExp ? failed(staying) : staying, passes }
}

/** Some files of one state among those of another. */
function mixed(
  name: string,
  files: Files,
  paths: readonly string[],
  from: Files,
  staying: RegExp | readonly string[],
): Fault {
  const all = new Map(files)
  for (const path of paths) all.set(path.slice(1), bytesOf(path, from))
  return {
    name,
    files: all,
    staying: staying instanceof RegExp ? failed(staying) : staying,
    passes: staying instanceof RegExp ? 2 : 1,
  }
}

const flipped = (bytes: Buffer) => {
  const copy = Buffer.from(bytes)
  copy[copy.length >> 1]! ^= 1
  return copy
}
const gzip = { headers: { 'content-encoding': 'gzip' } }
const wrong = /Hash Sum mismatch|unexpected size/

export const transport: readonly Fault[] = [
  sent('a connection that is reset', indexes, () => reset(), /the connection broke off/, 1),
  sent('a connection that ends without an answer', indexes, () => raw(''), /the connection broke off/, 1),
  sent('bytes that are not HTTP', indexes, () => raw('SSH-2.0-OpenSSH_9.2\r\n'), /does not speak HTTP/, 1),
  sent('no answer to any form of it', indexes, () => silence(), /did not answer in time/, 1),
  sent('an index that stops after its headers', indexes, (bytes) => stall(bytes, 0), /sent nothing for/, 1),
  sent('an index that stops half-way', indexes, (bytes) => stall(bytes, bytes.length >> 1), /sent nothing for/, 1),
  sent('an index that trickles', indexes, (bytes) => trickle(bytes, 1, 20), /less than 2000 bytes a second/, 1),
  sent('an index cut short', indexes, (bytes) => cut(bytes, 50), /broke off/, 1),
  sent('an index cut one byte short', indexes, (bytes) => cut(bytes, bytes.length - 1), /broke off/, 1),
  sent('an index that is too short', indexes, (bytes) => file(bytes.subarray(1)), wrong, 2),
  sent('an index whose end is not marked', indexes, unmarkedEnd, /its end is not marked/, 2),
  sent('an index without end', indexes, () => endless(), /has more than \d+ bytes/, 2),
  sent('an index that is far too long', indexes, () => file(Buffer.alloc(4 << 20)), /has more than \d+ bytes/, 2),
  sent('a bomb', indexes, () => bomb(4 << 20), wrong, 2),
  sent('one wrong bit and an encoding', indexes, (bytes) => file(flipped(bytes), gzip), wrong, 2),
  sent('an encoding nobody asked for', indexes, (bytes) => file(bytes, { headers: { 'content-encoding': 'br' } }), ['aa 2'], 1),
  sent('another content type', indexes, (bytes) => file(bytes, { type: 'text/html' }), ['aa 2'], 1),
  sent('a 206 that nobody asked for', indexes, (bytes) => badRange('bytes 0-1/9', bytes), /206/, 2),
  sent('a 404', indexes, () => status(404), /404/, 2),
  sent('a 403', indexes, () => status(403), /403/, 2),
  sent('a 429 that says when', indexes, () => status(429, { 'retry-after': '3' }), /429/, 1),
  sent('a 500', indexes, () => status(500), /500/, 2),
  sent('a 503 that says when', indexes, () => status(503, { 'retry-after': '3' }), /503/, 1),
  sent('a login page with status 200', indexes, () => file('<h1>Log in</h1>', { type: 'text/html' }), /unexpected size/, 2),
  sent('a redirect to itself', indexes, () => redirect(''), /redirects more than 3 times/, 1),
  sent('a redirect to this machine', indexes, () => redirect('http://127.0.0.1:1/'), /over https on port 443 alone/, 2),
  sent('a redirect to a private address', indexes, () => redirect('https://10.0.0.1/'), /names an address/, 2),
  sent('a redirect to a file', indexes, () => redirect('file:///etc/passwd'), /only http and https/, 2),
  sent('one wrong bit', indexes, (bytes) => file(flipped(bytes)), wrong, 2),
  sent('a Release without end', releases, () => endless(), /has more than \d+ bytes/, 2),
  sent('no Release, the connection being reset', releases, () => reset(), /^(?![^]*no longer signed)[^]*the connection broke off/, 1),
  sent('no Release, without an answer', releases, () => silence(), /did not answer in time/, 1),
  sent('a Release cut short', releases, (bytes) => cut(bytes, 100), /broke off/, 1),
  sent('no Release, but a 404', releases, () => status(404), /no longer has a Release file/, 2),
  sent('a login page in place of Release', releases, () => file('<h1>Log in</h1>', { type: 'text/html' }), /Clearsigned file isn't valid/, null),
  sent('an empty Release', releases, () => file(''), /Clearsigned file isn't valid/, null),
  sent('no InRelease, but Release and its signature', [inRelease], () => status(404), ['aa 2'], 1),
] // prettier-ignore

const armorHead = '-----BEGIN PGP SIGNED MESSAGE-----'
const evil = stanza(other)
const unsigned = (text: string) => text.split('\n\n')[1]!.split('\n-----BEGIN PGP SIGNATURE')[0]!
const next = await renderSuite({ packages: stanzas(third) })
const byHash = { 'Acquire-By-Hash': 'yes' }
const [hashed, hashedNext] = await Promise.all(
  [second, third].map((deb) => renderSuite({ packages: stanzas(deb), release: byHash })),
)

export const meaning: readonly Fault[] = [
  mixed('an index that is older than its Release', after, indexes, before, wrong),
  mixed('an index that is newer than its Release', after, indexes, next, wrong),
  mixed('an archive that moves on between Release and index, old indexes kept by digest', new Map([...hashed!, ...hashedNext!]), [inRelease], hashed!, ['aa 2']),
  mixed('a Release with the signature of another', after, [release], next, ['aa 2']),
  await state('a Release signed by somebody else', { key: await makeArchiveKey() }, /NO_PUBKEY|public key is not available/, null),
  await state('a Release whose signature is gone', { inRelease: unsigned }, /Clearsigned file isn't valid/, null),
  await state('a Release with one wrong letter', { inRelease: (text) => text.replace('Origin: Test', 'Origin: Tost') }, /BADSIG|invalid/, null),
  await state('text before the signed one', { inRelease: (text) => `Suite: evil\n\n${text}` }, /Clearsigned file isn't valid/, null),
  await state('text behind the signed one', { inRelease: (text) => `${text}\nSuite: evil\n` }, /into data and signature failed/, 2),
  await state('a field between the armor and the signed text', { inRelease: (text) => text.replace(armorHead, `${armorHead}\nSuite: evil`) }, ['aa 2'], 1),
  await state('a signature cut short', { inRelease: (text) => text.slice(0, -80) }, /into data and signature failed/, 2),
  await state('a zero byte in the signed text', { inRelease: (text) => text.replace('Origin: Test', 'Origin: \0est') }, /BADSIG|invalid/, null),
  await state('a Release that has expired', { release: { 'Valid-Until': when(-3600) } }, /is expired/, null),
  await state('a Release from the future', { release: { Date: when(7200) } }, /not valid yet/, 2),
  await state('a Release without a date', { release: { Date: null } }, ['aa 1'], null),
  await state('a Release of an earlier day, sent again', { release: { Date: when(-86_400) } }, ['aa 1'], null),
  await state('a Release of another suite', { release: { Suite: 'evil', Codename: 'evil' } }, /changed its 'Codename' value/, 2),
  await state('a Release with MD5 alone', { digests: 'MD5Sum' }, /only weak security information/, 2),
  await state('a Release that names no index', { listing: () => [] }, /No Hash entry in Release file/, 2),
  await state('a Release with a size that is another', { listing: (lines) => lines.map((line) => line.replace(/ (\d+) /, ' 1$1 ')) }, wrong, 2),
  await state('a Release with another architecture', { release: { Architectures: 'arm64' } }, ['aa 2'], 1),
  await state('an index that is no text', { packages: gzipSync('x'.repeat(1000)) }, /Unable to parse package file/, 2),
  await state('an index that is empty', { packages: [] }, { code: 'package-not-found', said: /aa/ }, null),
  await state('an index cut within a stanza', { packages: Buffer.from(evil.slice(0, evil.indexOf('Filename'))) }, { code: 'package-not-found', said: /aa/ }, null),
  await state('a stanza without a version', { packages: stanzas(second, { Version: null }) }, { code: 'package-not-found', said: /aa/ }, null),
  await state('a stanza without a digest', { packages: stanzas(second, { SHA256: null }) }, { code: 'digest-missing', said: /SHA-256/ }, null),
  await state('a stanza with a digest that is none', { packages: stanzas(second, { SHA256: 'x' }) }, { code: 'digest-missing', said: /SHA-256/ }, null),
  await state('a stanza without a size', { packages: stanzas(second, { Size: null }) }, { code: 'unsatisfiable', said: /has no Size information/ }, null),
  await state('a stanza without a file', { packages: stanzas(second, { Filename: null }) }, { code: 'package-not-found', said: /aa/ }, null),
  await state('a stanza of a file outside the archive', { packages: stanzas(second, { Filename: '../../etc/passwd' }) }, { code: 'artifact-invalid', said: /etc.passwd.* cannot be read/ }, null),
  await state('a stanza of a file on another host', { packages: stanzas(second, { Filename: 'http://evil.example/aa.deb' }) }, ['aa 2'], 1),
  await state('two stanzas of one version with other digests', { packages: [stanza(second!), stanza(second!, { SHA256: '0'.repeat(64) })] }, ['aa 2'], 1),
  await state('the same stanza twice', { packages: [stanza(second!), stanza(second!)] }, ['aa 2'], 1),
  await state('a stanza with a version that is none', { packages: stanzas(second, { Version: '../2' }) }, { code: 'artifact-invalid', said: /cannot be read/ }, null),
  await state('a stanza with an architecture that is none', { packages: stanzas(second, { Architecture: '../../all' }) }, { code: 'package-not-found', said: /aa/ }, null),
  await state('a stanza with a field twice', { packages: [`${stanza(second!)}\nSHA256: ${'0'.repeat(64)}`] }, { code: 'artifact-invalid', said: /cannot be read/ }, null),
  await state('a line of a megabyte', { packages: stanzas(second, { Tag: 'x'.repeat(1 << 20) }) }, /Unable to parse package file/, 2),
] // prettier-ignore
