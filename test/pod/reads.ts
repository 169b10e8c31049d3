/** Reads of the mirror, as reads.py makes them: `readFrom(reader, { count: 2000, paths, words })`. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { urlPath } from '../../storage/layout.ts'
import { asPunycode } from '../support/canaries.ts'
import { mark } from '../support/outside.ts'

export type Reader = {
  python<T>(program: string, given: unknown): Promise<T>
  readonly host: string
  readonly port: number
}

/** Where a word can be that a pod chooses. */
export const carriers = ['name', 'path', 'query', 'host', 'header', 'user-agent'] as const

export type Reads = {
  readonly count: number
  /** That are there. */
  readonly paths: readonly string[]
  readonly words: Readonly<Record<(typeof carriers)[number], string>>
}

export type Answers = {
  readonly statuses: Readonly<Record<string, number>>
  /** Answers that the outside must have given. */
  readonly marked: number
}

export async function readFrom({ python, host, port }: Reader, { count, paths, words }: Reads): Promise<Answers> {
  const program = await readFile(new URL('reads.py', import.meta.url), 'utf8')
  const punycode = asPunycode(words.name).replace(/\.example$/, '')
  return python(program, { host, port, count, paths, mark, seed: 7, words: { ...words, punycode } })
}

/** Some of each kind that a tree has, and some that are small. */
export async function pathsOf(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile() && !/\/\.incoming/.test(entry.parentPath))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
  const kinds = [
    /^pip\/simple\/[^/]+\/index\.html$/,
    /\.metadata$/,
    /^homepod\//,
    /^apt\/[^/]+\/[A-Z]/,
    /^pip\/requests\//,
    /\.whl$/,
  ]
  const some = kinds.flatMap((kind) => files.filter((file) => kind.test(file)).slice(0, 12))
  const [page] = some
  return [
    '/',
    '/healthz',
    `/${page!.replace(/\/index\.html$/, '')}`,
    ...some.map((file) => `/${urlPath(file).replace(/index\.html$/, '')}`),
  ]
}
