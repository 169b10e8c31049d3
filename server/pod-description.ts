/**
 * What a pod says of itself, as `setup.sh --describe` prints it (format 1): a first line, sections of lines that begin with
 * one space, a last line. Reads the form only; what it means is each ecosystem's to say.
 */
import { AirlockError, type Phrase } from './errors.ts'

/** A section: its content without the leading spaces, and the line on which its content begins. */
export type PodText = { readonly path: string; readonly text: string; readonly line: number }

export type PodPython = {
  readonly path: string
  /** Of its heading. */
  readonly line: number
  readonly version: string
  readonly implementation: string
  /** uv's name, else the one that sysconfig gives. */
  readonly platform: string
  readonly isDefault: boolean
  /** Best first; null: this Python has no pip that could say. */
  readonly tags: readonly string[] | null
  /** `name==version` a line. */
  readonly freeze: string | null
}

export type PodDescription = {
  /** The system's own name for people. */
  readonly system: string | null
  /** dpkg's name, else the processor's. */
  readonly architecture: string | null
  readonly libc: { readonly name: string; readonly version: string } | null
  readonly pythons: readonly PodPython[]
  readonly dpkgStatus: string | null
  readonly aptSources: readonly PodText[]
  readonly aptPreferences: readonly PodText[]
  readonly aptConfig: string | null
}

/** Characters: a status of 5,000 packages has a fifth of this. */
export const maxPodDescription = 8_000_000

type Section = { readonly kind: string; readonly argument: string; readonly line: number; readonly content: string[] }

/** Kinds, and whether their heading names something. */
const kinds: Readonly<Record<string, boolean>> = {
  'os-release': false,
  architecture: false,
  libc: false,
  python: true,
  tags: true,
  freeze: true,
  'dpkg-status': false,
  'apt-sources': true,
  'apt-preferences': true,
  'apt-config': false,
}

/** Throws `pod-description-invalid` with the line, why, and what to do. */
export function readPodDescription(text: string): PodDescription {
  const sections = sectionsOf(text)
  const only = (heading: string) => sections.get(`== ${heading}`) ?? null
  const all = (kind: string) => [...sections.values()].filter((section) => section.kind === kind)
  const textOf = (section: Section | null) => section && `${section.content.join('\n')}\n`
  const texts = (kind: string) =>
    all(kind).map((section) => ({ path: section.argument, text: textOf(section)!, line: section.line + 1 }))
  const pythons = all('python').map((section) => {
    const beside = (kind: string) => only(`${kind} ${section.argument}`)
    return pythonOf(section, beside('tags'), textOf(beside('freeze')))
  })
  for (const section of [...all('tags'), ...all('freeze')])
    if (only(`python ${section.argument}`) === null) throw invalid(section.line, reasons.noPython)
  const [libc, version] = only('libc')?.content[0]?.split(' ') ?? []
  const system = only('os-release')?.content.find((line) => line.startsWith('PRETTY_NAME='))
  return {
    system: system === undefined ? null : system.slice('PRETTY_NAME='.length).replace(/^(["'])(.*)\1$/, '$2'),
    architecture: only('architecture')?.content[0]?.trim() ?? null,
    libc: libc === undefined || version === undefined ? null : { name: libc, version },
    pythons,
    dpkgStatus: textOf(only('dpkg-status')),
    aptSources: texts('apt-sources'),
    aptPreferences: texts('apt-preferences'),
    aptConfig: textOf(only('apt-config')),
  }
}

/** By their headings, in the order of the text. */
function sectionsOf(text: string): ReadonlyMap<string, Section> {
  if (text.length > maxPodDescription) throw invalid(1, reasons.tooLarge)
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''))
  const [, version] = /^airlock-pod (\d+)$/.exec(lines[0]!) ?? []
  if (version === undefined) throw invalid(1, reasons.notOne)
  if (version !== '1') throw invalid(1, reasons.otherFormat(version))
  const end = lines.indexOf('== end')
  const last = lines.findLastIndex((line) => line !== '')
  if (end === -1) throw invalid(last + 1, reasons.truncated)
  if (last > end) throw invalid(end + 2, reasons.afterEnd)
  const sections = new Map<string, Section>()
  let begun: Section | null = null
  for (let at = 1; at < end; at++) {
    const line = lines[at]!
    if (/[\x00-\x08\x0b-\x1f\x7f]/.test(line)) throw invalid(at + 1, reasons.control)
    if (line.startsWith('== ')) {
      begun = headingOf(line, at + 1)
      if (sections.has(line)) throw invalid(at + 1, reasons.twice)
      sections.set(line, begun)
    }
    // what was copied from a terminal has lost the space of an empty line
    else if (line !== '' && !line.startsWith(' ')) throw invalid(at + 1, reasons.noSpace)
    else if (begun === null) throw invalid(at + 1, reasons.noSection)
    else begun.content.push(line.slice(1))
  }
  return sections
}

function headingOf(line: string, at: number): Section {
  const [, kind = '', argument = ''] = /^== ([a-z-]+)(?: (\S.*))?$/.exec(line) ?? []
  if (!Object.hasOwn(kinds, kind)) throw invalid(at, reasons.unknownKind)
  if ((argument !== '') !== kinds[kind]) throw invalid(at, reasons.argument)
  return { kind, argument, line: at, content: [] }
}

function pythonOf(section: Section, tags: Section | null, freeze: string | null): PodPython {
  const fields = new Map<string, string>()
  for (const [at, line] of section.content.entries()) {
    const [, name, value] = /^([a-z]+) (\S.*)$/.exec(line) ?? []
    if (name === undefined || value === undefined || fields.has(name))
      throw invalid(section.line + 1 + at, reasons.field)
    fields.set(name, value)
  }
  for (const name of ['version', 'implementation', 'platform'])
    if (!fields.has(name)) throw invalid(section.line, reasons.fieldMissing(name))
  for (const [at, line] of (tags?.content ?? []).entries())
    if (!/^[\w.]+-[\w.]+-[\w.]+$/.test(line)) throw invalid(tags!.line + 1 + at, reasons.tag)
  return {
    path: section.argument,
    line: section.line,
    version: fields.get('version')!,
    implementation: fields.get('implementation')!.toLowerCase(),
    platform: fields.get('platform')!,
    isDefault: fields.get('default') === 'yes',
    tags: tags && tags.content.length > 0 ? tags.content : null,
    freeze,
  }
}

function invalid(line: number, reason: Phrase): AirlockError {
  return new AirlockError('pod-description-invalid', { line, reason, instead: describeAgain })
}

const describeAgain: Phrase = {
  en: 'Describe the pod again with `setup.sh --describe` and give that file whole and unchanged.',
  zh: '请用 `setup.sh --describe` 重新生成描述，并完整、不加修改地提交该文件。',
}

const reasons = {
  notOne: {
    en: 'it does not begin with “airlock-pod 1”, so it is no description of a pod',
    zh: '开头不是 “airlock-pod 1”，不是 HomePod 描述',
  },
  otherFormat: (version: string): Phrase => ({
    en: `it is of format ${version}, and this Airlock reads format 1`,
    zh: `其格式为 ${version}，而此 Airlock 只能读取格式 1`,
  }),
  tooLarge: { en: `it has more than ${maxPodDescription} characters`, zh: `超过 ${maxPodDescription} 个字符` },
  truncated: { en: 'it ends here without “== end”: it was cut short', zh: '在此处结束而没有 “== end”：内容被截断' },
  afterEnd: { en: 'something follows “== end”', zh: '“== end” 之后还有内容' },
  noSpace: {
    en: 'it is neither a heading nor content, which begins with a space',
    zh: '既不是标题，也不是以空格开头的内容',
  },
  control: { en: 'it has a control character', zh: '含有控制字符' },
  noSection: { en: 'it stands before the first heading', zh: '位于第一个标题之前' },
  unknownKind: { en: 'there is no such section', zh: '没有这种段落' },
  argument: { en: 'its heading names what it should not, or not what it should', zh: '标题缺少或多出名称' },
  twice: { en: 'this section was there before', zh: '该段落重复出现' },
  noPython: { en: 'it is about a Python that is not described', zh: '所指的 Python 没有描述' },
  field: { en: 'it is not a name and a value, or was there before', zh: '不是“名称 值”，或重复出现' },
  fieldMissing: (name: string): Phrase => ({
    en: `this Python’s ${name} is missing`,
    zh: `缺少该 Python 的 ${name}`,
  }),
  tag: { en: 'it is not a wheel’s tag', zh: '不是 wheel 标签' },
} as const
