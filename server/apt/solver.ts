/** One question to apt-get: what would it fetch to install these? */
import { AirlockError } from '../errors.ts'
import { keyOn, parseRoot } from './names.ts'
import type { Base } from './root.ts'
import type { Snapshot, Snapshots } from './snapshots.ts'
import { fromGateway } from './sources.ts'
import type { AptTarget } from './target.ts'
import { explainSolve } from './words.ts'

/** A file that apt would fetch. */
export type Wanted = {
  readonly name: string
  readonly architecture: string
  readonly url: string
  readonly sha256: string
  readonly size: number
}

export type Answer =
  | { readonly wanted: readonly Wanted[]; readonly explanation?: undefined }
  | { readonly explanation: string; readonly wanted?: undefined }

const line = /^'([^']+)' (\S+) (\d+) (\S*)$/

export type AskApt = (roots: readonly string[], snapshot: Snapshot, base: Base, signal: AbortSignal) => Promise<Answer>

export function createSolver(snapshots: Snapshots, { architectures: [own] }: Pick<AptTarget, 'architectures'>): AskApt {
  /** Roots must be known to exist exactly. Throws `digest-missing` for an archive whose index has no SHA-256. */
  return async function ask(roots, snapshot, base, signal) {
    if (roots.length === 0) return { wanted: [] }
    const args = ['install', '-y', '-q', '--print-uris', '--no-remove', '--', ...together(roots, own)]
    const result = await snapshots.apt('apt-get', args, snapshot, base, signal)
    if (result.status !== 0) return { explanation: explainSolve(result) }
    return { wanted: result.stdout.split('\n').flatMap((text) => wantedOf(text) ?? []) }
  }
}

/** What apt is asked for a set of roots: a pin speaks for the same package without one, which apt would let win. */
export function together(roots: readonly string[], own: string | undefined): string[] {
  const parsed = roots.map((root) => ({ root, key: keyOn(own, parseRoot(root)), ...parseRoot(root) }))
  const pinned = new Set(parsed.filter(({ version }) => version !== null).map(({ key }) => key))
  return parsed.filter(({ version, key }) => version !== null || !pinned.has(key)).map(({ root }) => root)
}

function wantedOf(text: string): Wanted | null {
  const [, address, file, size, hash = ''] = line.exec(text) ?? []
  if (address === undefined) return null
  const url = fromGateway(address)
  const sha256 = /^SHA256:([0-9a-f]{64})$/i.exec(hash)?.[1]?.toLowerCase()
  if (sha256 === undefined)
    throw new AirlockError('digest-missing', { origin: URL.parse(url)?.host ?? url, file: file! })
  // apt's own name of the file, whatever the archive calls it
  const [name = '', , architecture = ''] = file!
    .replace(/\.[a-z]+$/, '')
    .split('_')
    .map(decodeURIComponent)
  return { name, architecture, url, sha256, size: Number(size) }
}
