/** A request in a few words. One that takes something back has lines that nobody can ask for: a root behind a hyphen. */
import type { RequestView } from '../../server/contract.ts'
import { plain } from './columns.ts'
import type { Words } from './texts.ts'

type Asked = Pick<RequestView, 'ecosystem' | 'requirements'>

/** `fonttools numpy<2`, `withdraw cmake` */
export function whatOf({ requirements }: Pick<Asked, 'requirements'>, words: Words): string {
  const roots = taken(requirements)
  return roots ? words('withdrawal', { what: plain(roots.join(' ')) }) : plain(requirements.join(' '))
}

/** `pip fonttools, numpy<2`, `withdraw apt cmake` */
export function askedFor({ ecosystem, requirements }: Asked, words: Words): string {
  const roots = taken(requirements)
  const what = plain(`${ecosystem} ${(roots ?? requirements).join(', ')}`)
  return roots ? words('withdrawal', { what }) : what
}

/** What takes something back is done, what was taken back is withdrawn: there is nothing to install. */
export function stateOf({ requirements, withdrawn, state }: RequestView, words: Words): string {
  return withdrawn ? words('withdrawn') : stateThen(requirements, state, words)
}

/** A state that a request with these lines went through. */
export function stateThen(requirements: readonly string[], state: RequestView['state'], words: Words): string {
  return words(state === 'ready' && taken(requirements) ? 'done' : `state:${state}`)
}

/** The roots that lines take back; null: they ask for something. */
function taken(lines: readonly string[]): string[] | null {
  return lines.length > 0 && lines.every((line) => line.startsWith('-')) ? lines.map((line) => line.slice(1)) : null
}
