/** Kinds of HomePod as apt sees them: architectures, sources, keys, preferences and what the image has installed. */
import { existsSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { AptTargetConfig } from '../config.ts'
import type { Target } from '../ecosystem.ts'
import { AirlockError } from '../errors.ts'
import { readKeyring, type AptHost, type Keyring } from './host.ts'
import { parseSources, type Source } from './sources.ts'

/** dpkg's status of the image: a file that may change under us, a text, or nothing installed. */
export type Status = { readonly path: string } | { readonly text: string } | null

export type AptTarget = Target & {
  /** The pod's own first. */
  readonly architectures: readonly string[]
  readonly sources: readonly Source[]
  /** Trusted for the sources that name no key; also found here by a Signed-By's file name. */
  readonly keyrings: readonly Keyring[]
  readonly preferences: readonly string[]
  readonly status: Status
  readonly recommends: boolean
  /** Also what a bare system needs. */
  readonly complete: boolean
  /** Seconds. */
  readonly updateAfter: number
  /** Lines for the start: sources of this machine that are not taken. */
  readonly leftOut: readonly string[]
  /** URIs with credentials, for the client that asks upstream. */
  readonly credentials: readonly string[]
}

/**
 * The configured targets; with none, `default`: this machine, unless it has no apt. `resolve` makes a path of the
 * configuration absolute. Throws `apt-source-refused`, `apt-sources-missing`, `apt-file-missing`.
 */
export function aptTargets(
  configured: ReadonlyMap<string, AptTargetConfig>,
  host: AptHost | null,
  resolve: (path: string) => string,
): ReadonlyMap<string, AptTarget> {
  if (configured.size === 0)
    return new Map(host && host.sources.length > 0 ? [['default', describe('default', {}, host, resolve)]] : [])
  return new Map([...configured].map(([name, knobs]) => [name, describe(name, knobs, host, resolve)]))
}

/** One target of its knobs; what they leave out is this machine's. Throws as {@link aptTargets}. */
export function describe(
  name: string,
  knobs: Partial<AptTargetConfig>,
  host: AptHost | null,
  resolve: (path: string) => string,
): AptTarget {
  const place = (knob: string) => `targets.${name}.apt.${knob}`
  const own = knobs.sources === undefined
  const texts = own
    ? (host?.sources ?? []).map(({ name: file, text }) => ({ place: file, text }))
    : [knobs.sources ?? []].flat().map((given) => readGiven(given, place('sources'), resolve, /\n|^\s*deb\s|^Types:/i))
  const read = texts.map(({ place: where, text }) => parseSources(text, where))
  const sources = read.flatMap((part) => part.sources)
  const faults = read.flatMap((part) => part.faults)
  if (faults[0] && !own) throw new AirlockError('apt-source-refused', { ...faults[0] })
  if (sources.length === 0) throw new AirlockError('apt-sources-missing', { target: name })
  const architectures = knobs.architectures ?? host?.architectures ?? []
  const status = statusOf(knobs.status ?? (own && host ? host.status : 'none'), place('status'), resolve)
  const suites = [...new Set(sources.flatMap((source) => source.suites))]
  return {
    name,
    lane: `apt/${name}`,
    summary: `${suites.join(', ')} on ${architectures.join(', ')}`,
    source: own ? `this machine’s apt: ${texts.map((text) => text.place).join(', ')}` : 'airlock.yaml',
    facts: {
      architectures,
      suites,
      repositories: sources.flatMap((source) => source.uris),
      status: status === null ? 'none' : 'path' in status ? status.path : 'given',
      recommends: knobs.recommends ?? host?.recommends ?? true,
      complete: knobs.complete ?? true,
    },
    architectures,
    sources,
    keyrings: knobs.keyrings?.map((given) => keyringOf(given, place('keyrings'), resolve)) ?? host?.keyrings ?? [],
    preferences:
      knobs.preferences?.map((given) => readGiven(given, place('preferences'), resolve, /\n|^\s*$/).text) ??
      (own ? (host?.preferences ?? []).map(({ text }) => text) : []),
    status,
    recommends: knobs.recommends ?? host?.recommends ?? true,
    complete: knobs.complete ?? true,
    updateAfter: knobs.updateAfter ?? 3600,
    leftOut: faults.map(({ place: where, uri }) => `${where}: ${uri} is neither http, https nor file, and is left out`),
    credentials: read.flatMap((part) => part.credentials),
  }
}

function statusOf(given: string, place: string, resolve: (path: string) => string): Status {
  if (given === 'none') return null
  if (given.includes('\n')) return { text: given }
  const path = resolve(given)
  if (!existsSync(path)) throw new AirlockError('apt-file-missing', { path, place, reason: 'there is no such file' })
  return { path }
}

function keyringOf(given: string, place: string, resolve: (path: string) => string): Keyring {
  if (given.includes('-----BEGIN PGP PUBLIC KEY BLOCK-----')) return { name: 'inline.asc', bytes: Buffer.from(given) }
  return attempt(resolve(given), place, readKeyring)
}

/** The text itself where it looks like one, else a file's. */
function readGiven(given: string, place: string, resolve: (path: string) => string, isText: RegExp) {
  if (isText.test(given)) return { place, text: given }
  const path = resolve(given)
  return { place: basename(path), text: attempt(path, place, (file) => readFileSync(file, 'utf8')) }
}

function attempt<T>(path: string, place: string, read: (path: string) => T): T {
  try {
    return read(path)
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? String(cause)
    throw new AirlockError('apt-file-missing', { path, place, reason }, { cause })
  }
}
