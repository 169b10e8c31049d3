/** Projects whose pages lie in the gateway's cache: names that are known here without asking anybody. */
import type { KnownName } from '../ecosystem.ts'
import { isProjectName, normalizeName } from './names.ts'
import type { PipUpstream } from './upstreams.ts'

export function seenProjects(pages: readonly string[], upstreams: readonly Pick<PipUpstream, 'url'>[]): KnownName[] {
  const names = new Set<string>()
  for (const page of pages) {
    for (const { url } of upstreams) {
      const rest = page.startsWith(url) ? page.slice(url.length).replace(/\/$/, '') : ''
      if (isProjectName(rest)) names.add(normalizeName(rest))
    }
  }
  return [...names].map((name) => ({ name, known: 'seen', summary: null }))
}
