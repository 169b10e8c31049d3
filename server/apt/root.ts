/**
 * apt's private world of one target, so that nothing of this machine's apt leaks in and nothing of ours leaks out:
 *
 *   <folder>/apt.conf                     everything apt is told, by APT_CONFIG (only there does `Dir` keep the host's out)
 *   <folder>/etc/                         sources, keys, preferences
 *   <folder>/status, <folder>/bare        what is installed: the image's, and nothing
 *   <folder>/snapshots/<ms>/lists/        the archives' indexes as of one update
 *   <folder>/snapshots/<ms>/cache/<base>/ what apt compiled of them
 */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ChildResult, RunChild } from '../child.ts'
import { AirlockError } from '../errors.ts'
import { findKeyring, isArmored } from './keyring.ts'
import { formatPreferences } from './preferences.ts'
import { formatSources } from './sources.ts'
import type { AptTarget } from './target.ts'

/** What a solve takes as installed: the image's packages, or nothing. */
export type Base = 'image' | 'bare'

/** What the private world is made of. */
export type RootContent = Pick<
  AptTarget,
  'architectures' | 'sources' | 'keyrings' | 'preferences' | 'status' | 'recommends'
>

export type RunApt = (
  command: 'apt-get' | 'apt-cache',
  args: readonly string[],
  where: { readonly lists: string; readonly cache: string; readonly base: Base; readonly signal: AbortSignal },
) => Promise<ChildResult>

export type AptRoot = {
  readonly folder: string
  readonly apt: RunApt
}

type Deps = {
  readonly folder: string
  readonly run: RunChild
  /** apt's only way out; null: `file:` only. */
  readonly proxy: (() => string) | null
}

const maxOutput = 256 << 20
/** Of apt with the gateway, in seconds: as long as the longest update. apt's own 30 would end a slow archive's. */
const patience = 1800

/** Writes the root anew, except its snapshots. Throws `apt-file-missing` for a key that a source names and nobody has. */
export async function createRoot(content: RootContent, { folder, run, proxy }: Deps): Promise<AptRoot> {
  const etc = join(folder, 'etc')
  await rm(etc, { recursive: true, force: true })
  for (const name of [
    '',
    'etc/sources.list.d',
    'etc/trusted.gpg.d',
    'etc/preferences.d',
    'etc/keyrings',
    'etc/apt.conf.d',
    'state',
    'log',
    'tmp',
  ])
    await mkdir(join(folder, name), { recursive: true, mode: 0o755 })
  const image =
    content.status === null
      ? join(folder, 'bare')
      : 'path' in content.status
        ? content.status.path
        : join(folder, 'status')
  if (content.status && 'text' in content.status) await writeFile(image, content.status.text)
  await writeFile(join(folder, 'bare'), '')
  for (const [index, { bytes }] of content.keyrings.entries())
    await writeFile(join(etc, 'trusted.gpg.d', `${index}.${isArmored(bytes) ? 'asc' : 'gpg'}`), bytes)
  for (const [index, text] of content.preferences.entries())
    await writeFile(join(etc, 'preferences.d', `${index}.pref`), formatPreferences(text, content.sources))
  await writeFile(join(etc, 'sources.list.d', 'airlock.sources'), await sourcesText(content, join(etc, 'keyrings')))
  const conf = join(folder, 'apt.conf')
  await writeFile(conf, configuration(folder, content))

  const env = {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    LC_ALL: 'C.UTF-8',
    HOME: join(folder, 'tmp'),
    TMPDIR: join(folder, 'tmp'),
    APT_CONFIG: conf,
  }
  return {
    folder,
    async apt(command, args, { lists, cache, base, signal }) {
      await mkdir(join(cache, base, 'archives', 'partial'), { recursive: true })
      await mkdir(join(lists, 'partial'), { recursive: true })
      const settings = {
        'Dir::State::lists': `${lists}/`,
        'Dir::Cache': `${join(cache, base)}/`,
        'Dir::State::status': base === 'bare' ? join(folder, 'bare') : image,
        ...(proxy && { 'Acquire::http::Proxy': proxy() }),
      }
      const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])
      const result = await run(command, [...options, ...args], { env, cwd: folder, signal, maxOutput })
      if (result.status === null || result.status > 100)
        throw new AirlockError('solver-failed', {
          solver: command,
          status: result.status,
          output: result.stderr.slice(0, 2000),
        })
      return result
    },
  }

  /** deb822, with keys copied beside it: what a pod has in /etc or /usr need not be readable, or here, tomorrow. */
  async function sourcesText({ sources, keyrings }: RootContent, keys: string): Promise<string> {
    const copies = new Map<string, Buffer>()
    const text = formatSources(sources, (value, source) => {
      if (!value.trimStart().startsWith('/') && !/^\S+\.(?:gpg|asc)(?:[\s,]|$)/.test(value)) return value
      return value
        .split(/[\s,]+/)
        .filter(Boolean)
        .map((path) => {
          const { name, bytes } = findKeyring(path, keyrings, source)
          copies.set(name, bytes)
          return join(keys, name)
        })
        .join(' ')
    })
    for (const [name, bytes] of copies) await writeFile(join(keys, name), bytes)
    return text
  }
}

function configuration(folder: string, { architectures, recommends }: RootContent): string {
  const settings = [
    ['Dir', `${folder}/`],
    ['Dir::Etc', 'etc/'],
    ['Dir::State', 'state/'],
    ['Dir::Cache', 'state/'],
    ['Dir::Log', 'log/'],
    ['APT::Architecture', architectures[0]!],
    ['APT::Install-Recommends', String(recommends)],
    ['APT::Install-Suggests', 'false'],
    // we are not root, or else _apt could not reach our folders
    ['APT::Sandbox::User', 'root'],
    ['Acquire::Languages', 'none'],
    ['Acquire::PDiffs', 'false'],
    ['Acquire::Retries', '0'],
    // the gateway answers when a file is whole, and bounds the wait for it itself
    ['Acquire::http::Timeout', String(patience)],
    ['Acquire::Check-Valid-Until', 'true'],
    ['Acquire::Check-Date', 'true'],
    ['Acquire::ForceHash', 'SHA256'],
    // names mean themselves
    ['APT::Cmd::Pattern-Only', 'true'],
  ]
  const lines = settings.map(([name, value]) => `${name} "${value!.replaceAll('"', '')}";`)
  return [...lines, `APT::Architectures { ${architectures.map((name) => `"${name}";`).join(' ')} };`, ''].join('\n')
}
