/**
 * poetry.lock. Since format 2.1 each package says where it is wanted; before, only what needs it did, so that a package
 * which is needed under conditions alone is wanted under any of them.
 */
import { z } from 'zod'
import { normalizeName } from './names.ts'
import { lockWords, refuseLock, type Pin } from './lock-pins.ts'

const dependency = z.union([z.string(), z.looseObject({ markers: z.string().optional() })])
const schema = z.object({
  package: z
    .array(
      z.object({
        name: z.string(),
        version: z.string(),
        markers: z.union([z.string(), z.record(z.string(), z.string())]).optional(),
        groups: z.array(z.string()).optional(),
        files: z.array(z.object({ hash: z.string() })).default([]),
        dependencies: z.record(z.string(), z.union([dependency, z.array(dependency)])).default({}),
        source: z.object({ type: z.string() }).optional(),
      }),
    )
    .default([]),
  metadata: z.looseObject({
    'lock-version': z.string(),
    // format 1.1 had the files here
    files: z.record(z.string(), z.array(z.object({ hash: z.string() }))).optional(),
  }),
})

type Content = z.infer<typeof schema>

export function readPoetryPins(file: string, content: unknown): Pin[] {
  const lock = schema.parse(content)
  const says = lock.package.some(({ groups, markers }) => groups !== undefined || markers !== undefined)
  const conditions = says ? new Map<string, string | null>() : conditionsOf(lock)
  return lock.package.map(({ name, version, markers, groups, files, source }) => {
    if (source && source.type !== 'legacy') refuseLock(file, lockWords.source(name), lockWords.leaveOut)
    const hashes = files.length > 0 ? files : (lock.metadata.files?.[name] ?? [])
    const own = typeof markers === 'object' ? eitherOf(markers, groups ?? []) : (markers ?? null)
    return {
      name,
      version,
      marker: own ?? conditions.get(normalizeName(name)) ?? null,
      hashes: hashes.map(({ hash }) => hash),
    }
  })
}

/** A marker a group; a group without one wants it everywhere. */
function eitherOf(markers: Readonly<Record<string, string>>, groups: readonly string[]): string | null {
  const all = groups.map((group) => markers[group])
  return all.includes(undefined)
    ? null
    : Object.values(markers)
        .map((marker) => `(${marker})`)
        .join(' or ')
}

/** By normalised name: what the edges that lead there say; null where one says nothing. */
function conditionsOf(lock: Content): Map<string, string | null> {
  const found = new Map<string, string | null>()
  for (const { dependencies } of lock.package)
    for (const [name, edges] of Object.entries(dependencies))
      for (const edge of [edges].flat()) {
        const project = normalizeName(name)
        const marker = typeof edge === 'string' ? null : (edge.markers ?? null)
        const before = found.get(project)
        found.set(project, before === undefined ? marker : before && marker && `(${before}) or (${marker})`)
      }
  return found
}
