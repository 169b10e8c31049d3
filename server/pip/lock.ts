/** Locks: what uv solved, read; and what a request got, written for pip (requirements with hashes) and for PEP 751. */
import { parse } from 'smol-toml'
import { z } from 'zod'
import { poolPath } from '../../storage/layout.ts'
import type { Artifact } from '../../storage/records.ts'
import { normalizeName } from './names.ts'
import { order } from './versions.ts'

export type LockedFile = {
  readonly file: string
  readonly url: string
  readonly sha256: string | null
  readonly size: number | null
}

/** A release that uv chose. Invariant of uv: `wheels` has every compatible wheel, not the best one. */
export type LockedPackage = {
  /** Normalised. */
  readonly name: string
  readonly version: string
  /** Null: it is needed wherever the lock is used. */
  readonly marker: string | null
  readonly wheels: readonly LockedFile[]
  readonly sdist: LockedFile | null
}

const fileSchema = z.object({
  name: z.string().optional(),
  url: z.string(),
  size: z.number().optional(),
  hashes: z.object({ sha256: z.string().optional() }).optional(),
})

const lockSchema = z.object({
  'lock-version': z.string().regex(/^1\.\d+$/),
  packages: z
    .array(
      z.object({
        name: z.string(),
        version: z.string(),
        marker: z.string().optional(),
        wheels: z.array(fileSchema).optional(),
        sdist: fileSchema.optional(),
      }),
    )
    .optional(),
})

/** PEP 751. Throws what the TOML reader or the schema throws: our own solver wrote it, so anything else is a defect. */
export function readPylock(text: string): readonly LockedPackage[] {
  const { packages = [] } = lockSchema.parse(parse(text))
  return packages.map(({ name, version, marker, wheels = [], sdist }) => ({
    name: normalizeName(name),
    version,
    marker: marker ?? null,
    wheels: wheels.map(lockedFile),
    sdist: sdist === undefined ? null : lockedFile(sdist),
  }))
}

function lockedFile({ name, url, size, hashes }: z.infer<typeof fileSchema>): LockedFile {
  const last = new URL(url, 'file:///').pathname.split('/').at(-1)!
  return { file: name ?? decodeURIComponent(last), url, sha256: hashes?.sha256 ?? null, size: size ?? null }
}

type Item = Pick<Artifact, 'name' | 'version' | 'file' | 'sha256' | 'size'>

/**
 * A requirements file that installs exactly these files, also with a pip that does not resolve (before 20.3): nothing is
 * looked up but what is named, nothing is taken that does not match.
 */
export function renderRequirements(items: readonly Item[]): string {
  const lines = byName(items).map(({ name, version, sha256 }) => `${name}==${version} --hash=sha256:${sha256}\n`)
  return `# pip install --no-deps --require-hashes -r requirements.txt\n${lines.join('')}`
}

/**
 * PEP 751, for a folder two below the pool's parent: `pip/requests/<id>/`. Paths are unescaped: clients take them as paths,
 * not as URLs.
 */
export function renderPylock(items: readonly Item[]): string {
  const head = 'lock-version = "1.0"\ncreated-by = "airlock"\n'
  return head + (items.length === 0 ? 'packages = []\n' : byName(items).map(renderPackage).join(''))
}

function renderPackage({ name, version, file, sha256, size }: Item): string {
  const path = `../../${poolPath('pip', sha256, file).slice('pip/'.length)}`
  const fields = [
    `name = ${quoted(file)}`,
    `path = ${quoted(path)}`,
    ...(size === null ? [] : [`size = ${size}`]),
    `hashes = { sha256 = ${quoted(sha256)} }`,
  ]
  return `\n[[packages]]\nname = ${quoted(name)}\nversion = ${quoted(version)}\nwheels = [{ ${fields.join(', ')} }]\n`
}

/** TOML's basic strings are JSON's, but for one control character that no name has. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll('\u007f', '\\u007f')
}

function byName(items: readonly Item[]): Item[] {
  return items.toSorted((a, b) => order(a.name, b.name) || order(a.file, b.file))
}

/** A lock of names and versions only, for uv to prefer. */
export function renderPins(pins: readonly { readonly name: string; readonly version: string }[]): string {
  const packages = pins.map(
    ({ name, version }) => `[[packages]]\nname = ${JSON.stringify(name)}\nversion = ${JSON.stringify(version)}\n`,
  )
  return ['lock-version = "1.0"\ncreated-by = "airlock"\n', ...packages].join('\n')
}
