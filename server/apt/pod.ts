/**
 * A target as a pod describes its apt. Invariant: a description chooses among what is configured and widens nothing: each
 * of its archives must be one that the configuration or this machine's apt reads already, and how an archive is verified
 * is theirs to say. A pod names suites, components and architectures, and what it has installed.
 */
import { AirlockError, type Phrase } from '../errors.ts'
import type { PodDescription, PodText } from '../pod-description.ts'
import type { Keyring } from './host.ts'
import { parseSources, type Source } from './sources.ts'
import { describe, type AptTarget } from './target.ts'

type Known = {
  /** What may be read, each with how it is verified. */
  readonly archives: readonly Source[]
  /** Trusted for those that name no key. */
  readonly keyrings: readonly Keyring[]
}

/** Options of a source that say what is fetched, and not whether it is trusted. */
const plain = new Set(['Architectures', 'Architectures-Add', 'Architectures-Remove', 'By-Hash'])
const architecturePattern = /^[a-z0-9][a-z0-9-]{1,31}$/

/** A suite, a component, an option: what apt makes paths of, and none that climbs. `$(ARCH)` is apt's own. */
const plainWord = /^(?!.*(?:^|\/)\.\.(?:\/|$))(?:[\w./+~:-]|\$\(ARCH\))+$/
/** In an address: a query would be in front of the path that apt adds, and a server may undo an escape. */
const strangeAddress = /[?#]|%(?:2e|2f|5c)/i

/** Null: the pod has no apt. Throws `pod-source-refused`, `pod-description-invalid`. */
export function aptTargetOfPod(name: string, pod: PodDescription, { archives, keyrings }: Known): AptTarget | null {
  if (pod.aptSources.length === 0) return null
  const sources = pod.aptSources.flatMap((text) => sourcesOf(text, archives))
  const first = pod.aptSources[0]!
  if (sources.length === 0)
    throw new AirlockError('pod-description-invalid', { line: first.line, reason: noSource, instead: beforeSetUp })
  const architectures = architecturesOf(pod)
  if (architectures === null)
    throw new AirlockError('pod-description-invalid', { line: first.line, reason: noArchitecture, instead: onPod })
  const knobs = {
    architectures,
    sources: pod.aptSources.map(({ text }) => `${text}\n`),
    preferences: pod.aptPreferences.map(({ text }) => `${text}\n`),
    status: pod.dpkgStatus === null ? 'none' : `${pod.dpkgStatus}\n`,
    recommends: !/^APT::Install-Recommends\s+"(?:0|no|false|without|off|disable)"/im.test(pod.aptConfig ?? ''),
    keyrings: [],
  }
  const target = describe(name, knobs, null, (path) => path)
  return {
    ...target,
    facts: { ...target.facts, ...(pod.system !== null && { system: pod.system }) },
    source: `a pod’s description, ${pod.aptSources.map(({ path }) => path).join(', ')}`,
    sources,
    keyrings,
    credentials: [],
  }
}

/** The sources of one file. Who described it has put `***@` in the place of credentials. */
function sourcesOf({ path, text, line }: PodText, archives: readonly Source[]): Source[] {
  const { sources, faults } = parseSources(text.replace(/(\/\/)[^/\s]*@/g, '$1'), path)
  const refuse = (uri: string, place: string): never => {
    throw new AirlockError('pod-source-refused', { line, place, uri })
  }
  if (faults[0]) refuse(faults[0].uri, faults[0].place)
  return sources.map((source) => {
    const strange = wordsOf(source).find((word) => !plainWord.test(word))
    if (strange !== undefined) refuse(strange, source.place)
    const known = source.uris.map((uri) => findArchive(uri, source, archives) ?? refuse(uri, source.place))
    const trust = [...known[0]!.options].filter(([field]) => !plain.has(field))
    // one entry has one set of options
    const other = known.findIndex((archive) => !sameTrust(archive, known[0]!))
    if (other !== -1) refuse(source.uris[other]!, source.place)
    return { ...source, options: new Map([...[...source.options].filter(([field]) => plain.has(field)), ...trust]) }
  })
}

/** What a description says of a source beside its addresses. */
function wordsOf({ suites, components, options }: Source): string[] {
  const given = [...options].flatMap(([field, value]) => (plain.has(field) ? value.split(/\s+/).filter(Boolean) : []))
  return [...suites, ...components, ...given]
}

/** The configured source that covers an address, best one of the same suite. */
function findArchive(uri: string, { suites }: Source, archives: readonly Source[]): Source | undefined {
  if (strangeAddress.test(uri)) return undefined
  const wanted = new URL(uri)
  const covering = archives.filter((archive) =>
    archive.uris.some((known) => {
      const base = new URL(known)
      return base.origin === wanted.origin && folderOf(wanted).startsWith(folderOf(base))
    }),
  )
  return covering.find((archive) => archive.suites.some((suite) => suites.includes(suite))) ?? covering[0]
}

function folderOf({ protocol, pathname }: URL): string {
  return `${protocol}${pathname.replace(/(?<!\/)\/*$/, '/')}`
}

function sameTrust(a: Source, b: Source): boolean {
  const trust = ({ options }: Source) =>
    [...options]
      .filter(([field]) => !plain.has(field))
      .map((option) => JSON.stringify(option))
      .toSorted((one, other) => (one < other ? -1 : 1))
      .join()
  return trust(a) === trust(b)
}

/** The pod's own first. */
function architecturesOf({ architecture, aptConfig }: PodDescription): string[] | null {
  const foreign = [...(aptConfig ?? '').matchAll(/^APT::Architectures(?:::)?\s+"([^"]*)"/gim)].map(([, name]) => name!)
  const all = [...new Set([architecture ?? foreign[0] ?? '', ...foreign])].filter((name) => name !== '')
  return all.length > 0 && all.every((name) => architecturePattern.test(name)) ? all : null
}

const noSource: Phrase = { en: 'it has no source of packages', zh: '其中没有软件包源' }
const beforeSetUp: Phrase = {
  en: 'Describe the pod before it is set up for Airlock, since set-up moves its sources aside; or leave apt out with --only pip.',
  zh: '请在为 Airlock 配置 HomePod 之前生成描述，因为配置会移走其软件源；或用 --only pip 不含 apt。',
}
const noArchitecture: Phrase = { en: 'no architecture is described that apt has', zh: '没有描述 apt 的体系结构' }
const onPod: Phrase = {
  en: 'Describe the pod again with `setup.sh --describe`; or leave apt out with --only pip.',
  zh: '请用 `setup.sh --describe` 重新生成描述；或用 --only pip 不含 apt。',
}
