/** Where a target or an upstream came from, in the reader's language. `source` itself is English. */
import type { Phrase } from './errors.ts'

/** By what a source begins with: paths and file names come behind it. */
const chinese: Readonly<Record<string, string>> = {
  'the first python3 on PATH': 'PATH 上的第一个 python3',
  'this machine’s apt': '本机的 apt',
  'a pod’s description': 'HomePod 的描述',
  "pip's configuration": 'pip 的配置',
  "pip's built-in default": 'pip 的内置默认值',
  'pip cannot be asked': '无法询问 pip',
}

/** What is not known here (`airlock.yaml`, a variable's name) is the same in both. */
export function sourceWords(source: string): Phrase {
  const known = Object.keys(chinese).find(
    (start) => source.startsWith(start) && /^(?:[,: ]|$)/.test(source.slice(start.length)),
  )
  if (known === undefined) return { en: source, zh: source }
  const rest = source.slice(known.length).replace(/^, /, '，').replace(/^: /, '：')
  return { en: source, zh: `${chinese[known]!}${rest}` }
}
