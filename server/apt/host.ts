/** What this machine's own apt is told, read through apt-config: Airlock shares the pods' image. */
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { RunChild } from '../child.ts'
import { readProxies, type AptProxies } from './proxies.ts'

export type TextFile = { readonly name: string; readonly path: string; readonly text: string }
export type Keyring = { readonly name: string; readonly bytes: Buffer }

export type AptHost = {
  /** The machine's own first. */
  readonly architectures: readonly string[]
  readonly recommends: boolean
  readonly sources: readonly TextFile[]
  readonly preferences: readonly TextFile[]
  /** Trusted for every source that names no key of its own. */
  readonly keyrings: readonly Keyring[]
  /** apt_auth.conf(5). */
  readonly auth: readonly TextFile[]
  readonly proxies: AptProxies
  /** dpkg's, absolute. */
  readonly status: string
}

const paths = {
  sourcelist: 'Dir::Etc::sourcelist/f',
  sourceparts: 'Dir::Etc::sourceparts/d',
  preferences: 'Dir::Etc::preferences/f',
  preferencesparts: 'Dir::Etc::preferencesparts/d',
  trusted: 'Dir::Etc::trusted/f',
  trustedparts: 'Dir::Etc::trustedparts/d',
  netrc: 'Dir::Etc::netrc/f',
  netrcparts: 'Dir::Etc::netrcparts/d',
  status: 'Dir::State::status/f',
} as const

/** Null where there is no apt, or one that cannot be asked. */
export async function readAptHost(run: RunChild, signal: AbortSignal): Promise<AptHost | null> {
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' }
  const ask = (args: readonly string[]) => run('apt-config', args, { env, signal }).catch(() => null)
  const shell = await ask(['shell', ...Object.entries(paths).flat()])
  const dump = await ask(['dump'])
  if (shell?.status !== 0 || dump?.status !== 0) return null
  const where = Object.fromEntries(
    [...shell.stdout.matchAll(/^(\w+)='(.*)'$/gm)].map(([, name, value]) => [name!, value!]),
  ) as Record<keyof typeof paths, string>
  const settings = [...dump.stdout.matchAll(/^(\S+) "(.*)";$/gm)].map(([, name, value]) => [name!, value!] as const)
  const own = settings.find(([name]) => name === 'APT::Architecture')?.[1]
  if (own === undefined || where.status === undefined) return null
  const foreign = settings.filter(([name]) => name === 'APT::Architectures::').map(([, value]) => value)
  return {
    architectures: [...new Set([own, ...foreign])],
    recommends: truth(settings.findLast(([name]) => name === 'APT::Install-Recommends')?.[1] ?? '1'),
    sources: files(where.sourcelist, where.sourceparts, /\.(?:list|sources)$/),
    preferences: files(where.preferences, where.preferencesparts, /^[^.]+$|\.pref$/),
    keyrings: listFiles(where.trusted, where.trustedparts, /\.(?:gpg|asc)$/).map(readKeyring),
    auth: listFiles(where.netrc, where.netrcparts, /\.conf$/)
      .filter(isReadable)
      .map(readText),
    proxies: readProxies(settings),
    status: where.status,
  }
}

export function readKeyring(path: string): Keyring {
  return { name: basename(path), bytes: readFileSync(path) }
}

function files(file: string | undefined, folder: string | undefined, pattern: RegExp): TextFile[] {
  return listFiles(file, folder, pattern).map(readText)
}

function readText(path: string): TextFile {
  return { name: basename(path), path, text: readFileSync(path, 'utf8') }
}

/** Secrets may be root's alone; apt, too, goes on without those it may not read. */
function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch {
    return false
  }
}

/** apt's rule for its folders: such names only, in order; what it ignores is ignored. */
function listFiles(file: string | undefined, folder: string | undefined, pattern: RegExp): string[] {
  const own = file !== undefined && existsSync(file) ? [file] : []
  if (folder === undefined || !existsSync(folder)) return own
  const parts = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && /^[A-Za-z0-9_.-]+$/.test(entry.name) && pattern.test(entry.name))
    .map(({ name }) => join(folder, name))
  return [...own, ...parts.toSorted()]
}

function truth(value: string): boolean {
  return /^(?:yes|true|with|on|enable|[1-9]\d*)$/i.test(value)
}
