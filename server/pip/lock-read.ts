/** Locks as people have them, told by their names: which releases and files a project has decided on. */
import { parse, TomlError } from 'smol-toml'
import { ZodError } from 'zod'
import type { RunChild } from '../child.ts'
import type { Parsed } from '../ecosystem.ts'
import { isExact, parseRequirementsFile, type FileContext, type PipOptions } from './requirements-file.ts'
import { parseRequirement } from './requirement.ts'
import { readPipfilePins } from './lock-pipfile.ts'
import { lockWords, refuseLock, requestOf, type Pin } from './lock-pins.ts'
import { readPoetryPins } from './lock-poetry.ts'
import { readPylockPins } from './lock-pylock.ts'
import { createReadUvLock } from './lock-uv.ts'
import type { Work } from './work-folder.ts'

type Deps = Work & {
  readonly run: RunChild
  readonly uv: string
  readonly isUpstream: FileContext['isUpstream']
}

const kinds = {
  en: 'It is none of pylock.toml, uv.lock, poetry.lock, Pipfile.lock and a requirements .txt with hashes',
  zh: '它不是 pylock.toml、uv.lock、poetry.lock、Pipfile.lock，也不是带哈希的 requirements .txt',
}
const rename = {
  en: 'Give the file under the name that its tool gave it.',
  zh: '请使用原工具生成的文件名提交。',
}

export function createReadLock(deps: Deps) {
  const { isUpstream } = deps
  const readUvLock = createReadUvLock(deps)

  /** What a lock asks for. Throws `lock-invalid`, and for a requirements file what that one's reader throws. */
  return async function readLock(file: string, text: string): Promise<Parsed & { readonly lines: readonly string[] }> {
    if (file.endsWith('.txt')) return readRequirements(file, text)
    return requestOf(file, await pinsOf(file, text))
  }

  async function pinsOf(file: string, text: string): Promise<Pin[]> {
    try {
      if (file === 'Pipfile.lock') return readPipfilePins(file, JSON.parse(text))
      if (file === 'poetry.lock') return readPoetryPins(file, parse(text))
      if (file === 'uv.lock') return await readUvLock(file, text, parse(text))
      // PEP 751: the name may say what the lock is for
      if (/^pylock(?:\.[^.]+)?\.toml$/.test(file)) return readPylockPins(file, parse(text))
    } catch (error) {
      const unreadable = unreadableOf(error)
      if (unreadable === null) throw error
      return refuseLock(file, lockWords.unreadable(unreadable), lockWords.again)
    }
    return refuseLock(file, kinds, rename)
  }

  /** A requirements file is a lock when every line of it is: one release, and the digests that it may have. */
  function readRequirements(file: string, text: string) {
    const parsed = parseRequirementsFile(text, { constraints: [], isUpstream })
    const hashes = (parsed.options as PipOptions).hashes ?? {}
    for (const root of parsed.roots.map(parseRequirement))
      if (!isExact(root) || !hashes[root.name]) refuseLock(file, lockWords.unhashed(root.text), lockWords.again)
    return { ...parsed, options: { ...parsed.options, locked: true } }
  }
}

/** What a reader says of a text that is none of its kind; null: the error is of another sort. */
function unreadableOf(error: unknown): string | null {
  if (error instanceof ZodError) {
    const [issue] = error.issues
    return `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`.slice(0, 200)
  }
  const isSyntax = error instanceof SyntaxError || error instanceof TomlError
  return isSyntax ? error.message.split('\n', 1)[0]!.slice(0, 200) : null
}
