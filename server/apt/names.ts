/**
 * What people may ask of apt: exact package names, and nothing that apt-get would read as a pattern, a removal, a task
 * or a path. Whether a name exists is the solve's to find out.
 */
import { AirlockError, type Phrase } from '../errors.ts'
import type { Parsed } from '../ecosystem.ts'

/** Somebody's wish for one package. */
export type Root = {
  readonly name: string
  /** Null: the target's own architecture. */
  readonly architecture: string | null
  /** Null: the candidate of the snapshot. */
  readonly version: string | null
}

/** Debian Policy 5.6.7: at least two characters. A `+` or `-` at the end is a name only if the index has it. */
export const namePattern = /^[a-z0-9][a-z0-9+.-]{1,127}$/
/** Debian Policy 11.1; the lower-case names of dpkg's architecture table. */
export const architecturePattern = /^[a-z0-9][a-z0-9-]{1,31}$/
/** Debian Policy 5.6.12. */
export const versionPattern = /^(?:\d{1,9}:)?[A-Za-z0-9][A-Za-z0-9.+~-]{0,127}$/

const maxRoots = 1000

const write = {
  names: {
    en: 'Write the names of the packages only: cmake, libssl-dev=3.0.17-1 or libc6:arm64.',
    zh: '请只写软件包名，例如：cmake、libssl-dev=3.0.17-1 或 libc6:arm64。',
  },
  exact: { en: 'Write each package’s exact name.', zh: '请写出每个软件包的确切名称。' },
  version: {
    en: 'Write the package’s name; name=version pins a version.',
    zh: '请写软件包名；如需固定版本，请写 name=version。',
  },
  once: { en: 'Ask for it once.', zh: '请只申请一次。' },
  none: {
    en: 'Leave the constraints out, and write name=version for the package itself.',
    zh: '请去掉约束，并对软件包本身写 name=version。',
  },
  fewer: { en: 'Ask for fewer packages at once.', zh: '请减少一次申请的软件包数量。' },
} as const satisfies Record<string, Phrase>

/**
 * One name or several a line; apt has no constraints. Throws `requirement-refused` naming the item and what to write instead.
 * Invariant: what is returned is canonical, sorted, and asks for each package once.
 */
export function parseRoots(lines: readonly string[], constraints: readonly string[] = []): Parsed {
  if (constraints.length > 0)
    throw refused(constraints.join(' '), { en: 'apt takes no constraints', zh: 'apt 不支持约束' }, write.none)
  const roots = new Map<string, string>()
  for (const line of lines) {
    if (/^\s*(?:sudo\s+)?apt(?:-get|itude)?\s+\S/.test(line))
      throw refused(line.trim(), { en: 'it is a command', zh: '这是一条命令' }, write.names)
    for (const word of line.split(/\s+/).filter(Boolean)) {
      const root = parseRoot(word)
      const key = packageKey(root)
      const text = formatRoot(root)
      const other = roots.get(key) ?? text
      if (other !== text)
        throw refused(word, { en: `the same request asks for ${other}`, zh: `同一申请中已有 ${other}` }, write.once)
      roots.set(key, text)
    }
  }
  if (roots.size === 0)
    throw refused(lines.join(' '), { en: 'it names no package', zh: '其中没有软件包名' }, write.names)
  if (roots.size > maxRoots)
    throw refused(
      `${roots.size}`,
      { en: `one request takes at most ${maxRoots} packages`, zh: `一次申请最多 ${maxRoots} 个软件包` },
      write.fewer,
    )
  return { roots: [...roots.values()].toSorted(), options: {} }
}

/** `name`, `name:arch`, `name=version`, `name:arch=version`. Throws like {@link parseRoots}. */
export function parseRoot(word: string): Root {
  if (word.startsWith('-')) throw refused(word, { en: 'it is an option', zh: '这是一个选项' }, write.names)
  if (word.includes('/'))
    throw refused(word, { en: 'it is a path or names a release', zh: '这是路径或发行版写法' }, write.version)
  const [, name = '', architecture = null, version = null] = /^([^:=]*)(?::([^=]*))?(?:=(.*))?$/s.exec(word) ?? []
  if (/[*?[\](){}|^$~!#,;]/.test(name))
    throw refused(
      word,
      { en: 'patterns, tasks and lists are not taken', zh: '不接受通配、任务或列表写法' },
      write.exact,
    )
  if (!namePattern.test(name)) {
    const reason = /[A-Z]/.test(name)
      ? { en: 'names of Debian packages are lower-case', zh: 'Debian 软件包名只用小写' }
      : { en: 'that is not the name of a Debian package', zh: '不是 Debian 软件包名' }
    throw refused(word, reason, write.names)
  }
  if (architecture !== null && (!architecturePattern.test(architecture) || /^(?:any|all|native)$/.test(architecture)))
    throw refused(
      word,
      { en: `“${architecture}” is not an architecture`, zh: `“${architecture}” 不是架构名` },
      write.names,
    )
  if (version !== null && !versionPattern.test(version))
    throw refused(
      word,
      { en: `“${version}” is not a Debian version`, zh: `“${version}” 不是 Debian 版本号` },
      write.version,
    )
  return { name, architecture, version }
}

export function formatRoot({ name, architecture, version }: Root): string {
  return `${packageKey({ name, architecture })}${version === null ? '' : `=${version}`}`
}

/** A package whatever its version: what two roots must not ask for in two ways. */
export function packageKey({ name, architecture }: Pick<Root, 'name' | 'architecture'>): string {
  return architecture === null ? name : `${name}:${architecture}`
}

/** The same as a solution on a target calls it: the target's own architecture goes without saying. */
export function keyOn(own: string | undefined, { name, architecture }: Pick<Root, 'name' | 'architecture'>): string {
  return packageKey({ name, architecture: architecture === own ? null : architecture })
}

function refused(item: string, reason: Phrase, instead: Phrase): AirlockError {
  return new AirlockError('requirement-refused', { item: item.slice(0, 200), reason, instead })
}
