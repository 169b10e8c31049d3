/**
 * Modules of ours with one thing wrong, for a control: what a test would say if somebody took a check out.
 *
 *   const { createMirror } = await importSabotaged<typeof import('…')>('server/mirror/mirror.ts', [cut])
 *   startAirlock({ preload: ['sabotage.ts'], env: sabotageOf([cut]) })      the same in the server
 *
 * A cut whose text is not there, or there twice, is an error: the control would show nothing.
 */
import { registerHooks } from 'node:module'

/** In that file, from the project's folder, `to` in the place of `from`. */
export type Cut = { readonly file: string; readonly from: string; readonly to: string }

const project = new URL('../../', import.meta.url)
const mark = 'sabotaged'
const cutsOf = new Map<string, readonly Cut[]>()

function apply(cuts: readonly Cut[], url: string, source: string): string {
  const path = url.split('?', 1)[0]!
  return cuts
    .filter(({ file }) => new URL(file, project).href === path)
    .reduce((text, { file, from, to }) => {
      if (text.split(from).length !== 2) throw new Error(`${file} has no such place, or several: ${from}`)
      return text.replace(from, () => to)
    }, source)
}

/** The module, and all of ours below `server/` and `storage/` that it imports, loaded anew with the cuts made. */
export async function importSabotaged<T>(entry: string, cuts: readonly Cut[]): Promise<T> {
  const id = String(cutsOf.size)
  cutsOf.set(id, cuts)
  const module = (await import(`${new URL(entry, project).href}?${mark}=${id}`)) as T
  return module
}

registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context)
    const id = context.parentURL === undefined ? null : new URL(context.parentURL).searchParams.get(mark)
    const isOurs =
      found.url.startsWith(new URL('server/', project).href) || found.url.startsWith(new URL('storage/', project).href)
    return id === null || !isOurs ? found : { ...found, url: `${found.url}?${mark}=${id}` }
  },
  load(url, context, next) {
    const loaded = next(url, context)
    const id = URL.parse(url)?.searchParams.get(mark) ?? null
    const cuts = id === null ? fromEnvironment : cutsOf.get(id)!
    if (cuts.length === 0 || loaded.source == null) return loaded
    return { ...loaded, source: apply(cuts, url, Buffer.from(loaded.source as Uint8Array).toString()) }
  },
})

const fromEnvironment = JSON.parse(process.env['SABOTAGE'] ?? '[]') as readonly Cut[]

export function sabotageOf(cuts: readonly Cut[]): Record<string, string> {
  return { SABOTAGE: JSON.stringify(cuts) }
}
