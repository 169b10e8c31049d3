/**
 * What people paste: a command, the output of a failed install, a traceback, an apt error in either language. Pure. What
 * is read here is only a proposal, which stands in the text area: the server judges every line.
 */
import { splitRequirements } from './lines.ts'

export type Understood = { readonly ecosystem: 'pip' | 'apt'; readonly names: readonly string[] }

const name = String.raw`[A-Za-z0-9][A-Za-z0-9._+-]*`
const requirement = String.raw`${name}(?:\[[\w\s,.-]*\])?(?:\s*(?:===|==|~=|!=|<=|>=|<|>)\s*[\w.*+!]+(?:\s*,\s*(?:===|==|~=|!=|<=|>=|<|>)\s*[\w.*+!]+)*)?`
const debian = String.raw`[a-z0-9][a-z0-9+.-]+(?::[a-z0-9-]+)?`
const quote = String.raw`["'“”‘’«»「]`

type Pattern = readonly [Understood['ecosystem'], RegExp]

/** What pip, uv, Python, apt and shells say when something is not there; the first group is the name. */
const complaints: readonly Pattern[] = [
  ['pip', new RegExp(String.raw`No matching distribution found for (${requirement})`, 'g')],
  ['pip', new RegExp(String.raw`Could not find a version that satisfies the requirement (${requirement})`, 'g')],
  ['pip', new RegExp(String.raw`Because (${name}) was not found in the package registry`, 'g')],
  ['pip', new RegExp(String.raw`there (?:is|are) no versions? of (${requirement})`, 'g')],
  ['pip', new RegExp(String.raw`(?:ModuleNotFoundError|ImportError): No module named ${quote}?(${name})`, 'g')],
  ['pip', new RegExp(String.raw`PackageNotFoundError: (?:No package metadata was found for )?(${name})`, 'g')],
  ['pip', new RegExp(String.raw`DistributionNotFound: The ${quote}(${requirement})${quote} distribution`, 'g')],
  ['apt', new RegExp(String.raw`E: Unable to locate package (${debian})`, 'g')],
  ['apt', new RegExp(String.raw`E: Package ${quote}?(${debian})${quote}? has no installation candidate`, 'g')],
  ['apt', new RegExp(String.raw`E: Couldn't find any package by (?:glob|regex) ${quote}(${debian})${quote}`, 'g')],
  [
    'apt',
    new RegExp(String.raw`E: Version ${quote}[^'"”’\s]+${quote} for ${quote}(${debian})${quote} was not found`, 'g'),
  ],
  ['apt', new RegExp(String.raw`E: (?:无法定位软件包|未发现软件包) (${debian})`, 'g')],
  ['apt', new RegExp(String.raw`E: 软件包 (${debian}) 没有可安装候选`, 'g')],
  ['apt', new RegExp(String.raw`dpkg-query: package ${quote}(${debian})${quote} is not installed`, 'g')],
  ['apt', new RegExp(String.raw`(?:bash|zsh|sh|dash)(?:: (?:line )?\d+)?: (${debian}): (?:command )?not found`, 'g')],
  ['apt', new RegExp(String.raw`zsh: command not found: (${debian})`, 'g')],
  ['apt', new RegExp(String.raw`(?:bash|sh)：? ?(${debian})[：:] ?未找到命令`, 'g')],
]

/** Modules whose project has another name: the ones that people meet. */
const projects: Readonly<Record<string, string>> = {
  cv2: 'opencv-python',
  sklearn: 'scikit-learn',
  skimage: 'scikit-image',
  PIL: 'pillow',
  yaml: 'pyyaml',
  bs4: 'beautifulsoup4',
  dotenv: 'python-dotenv',
  dateutil: 'python-dateutil',
  git: 'gitpython',
  fitz: 'pymupdf',
  attr: 'attrs',
  serial: 'pyserial',
  Crypto: 'pycryptodome',
  faiss: 'faiss-cpu',
  google: 'protobuf',
}

/** Commands whose package has another name. */
const packages: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  ifconfig: 'net-tools',
  netstat: 'net-tools',
  ping: 'iputils-ping',
  dig: 'dnsutils',
  nslookup: 'dnsutils',
  vim: 'vim',
  gcc: 'gcc',
  'g++': 'g++',
  nvcc: 'nvidia-cuda-toolkit',
  convert: 'imagemagick',
  psql: 'postgresql-client',
  ps: 'procps',
  top: 'procps',
  killall: 'psmisc',
  lspci: 'pciutils',
}

const command =
  /^[\s$#>%]*(?:\(\S+\)\s*)?(?:\S+@\S+[#$%]\s*)?(?:!|%)?(?:sudo\s+(?:-\S+\s+)*)?(?:(?:[A-Z_]+=\S+\s+)*)(?<tool>(?:\S*python[\d.]*\s+-m\s+)?(?:uv\s+)?pip[\d.]*\s+(?:install|download)|uv\s+add|poetry\s+add|apt(?:-get|itude)?\s+(?:-\S+\s+)*(?:install|download))\s+(?<rest>.+)$/

/** Options of those commands that take a word of their own. */
const withWord =
  /^(?:-[ifrcet]|--(?:index-url|extra-index-url|default-index|index|find-links|requirement|constraint|editable|target|trusted-host|proxy|timeout|retries|platform|python-version|cache-dir|prefix|root|src|upgrade-strategy|group|target-release)|-o)$/

/** Null: not terminal output; take it as it is. */
export function understand(text: string): Understood | null {
  if (text.length > 200_000) return null
  const clean = text.replace(ansi, '').replaceAll('\u{a0}', ' ')
  const complained = complaintsIn(clean)
  if (complained) return complained
  const lines = clean.split('\n')
  const asked = lines.flatMap((line) => {
    const { tool, rest } = command.exec(line.trimEnd())?.groups ?? {}
    return tool === undefined || rest === undefined
      ? []
      : [{ ecosystem: tool.startsWith('apt') ? 'apt' : 'pip', rest } as const]
  })
  const [first] = asked
  if (!first) return null
  const names = asked
    .filter(({ ecosystem }) => ecosystem === first.ecosystem)
    .flatMap(({ rest, ecosystem }) => namesOf(rest, ecosystem))
  return names.length === 0 ? null : { ecosystem: first.ecosystem, names: [...new Set(names)] }
}

// eslint-disable-next-line no-control-regex -- terminals colour their output
const ansi = /\u{1b}\[[0-9;?]*[A-Za-z]/gu

function complaintsIn(text: string): Understood | null {
  const found = complaints.flatMap(([ecosystem, pattern]) =>
    [...text.matchAll(pattern)].map((match) => ({
      ecosystem,
      at: match.index,
      what: nameOf(ecosystem, pattern, match[1]!),
    })),
  )
  const [first] = found.toSorted((a, b) => a.at - b.at)
  if (!first) return null
  // one complaint often comes with a bare repetition of its name
  const names = [...new Set(found.filter(({ ecosystem }) => ecosystem === first.ecosystem).map(({ what }) => what))]
  const precise = names.filter(
    (one) =>
      !names.some((other) => other !== one && other.startsWith(one) && /^[\s[=<>~!]/.test(other.slice(one.length))),
  )
  return { ecosystem: first.ecosystem, names: precise }
}

function nameOf(ecosystem: Understood['ecosystem'], pattern: RegExp, text: string): string {
  const trimmed = text
    .trim()
    .replace(/[.,:]+$/, '')
    .replace(/\s+/g, '')
  if (ecosystem === 'apt') return /not found|未找到/.test(pattern.source) ? (packages[trimmed] ?? trimmed) : trimmed
  if (!pattern.source.includes('No module named')) return trimmed
  const [module = ''] = trimmed.split('.')
  return projects[module] ?? module.replaceAll('_', '-')
}

function namesOf(rest: string, ecosystem: Understood['ecosystem']): string[] {
  const words = [
    ...rest
      .replace(/\s(?:&&|\|\||;|\|)\s.*$/, '')
      .replace(/\s#.*$/, '')
      .matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g),
  ].map(([, double, single, bare]) => double ?? single ?? bare!)
  const kept: string[] = []
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!
    if (withWord.test(word)) at++
    else if (/^[A-Za-z0-9]/.test(word)) kept.push(word)
  }
  return kept.flatMap((word) => splitRequirements(word, ecosystem))
}
