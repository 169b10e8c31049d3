/** PEP 751: pylock.toml. */
import { z } from 'zod'
import { lockWords, refuseLock, type Pin } from './lock-pins.ts'

const hashed = z.object({ hashes: z.record(z.string(), z.string()) })
const schema = z.object({
  'lock-version': z.string().regex(/^1\.\d+$/),
  packages: z.array(
    z.object({
      name: z.string(),
      version: z.string().optional(),
      marker: z.string().optional(),
      wheels: z.array(hashed).default([]),
      sdist: hashed.optional(),
      vcs: z.unknown().optional(),
      directory: z.unknown().optional(),
      archive: z.unknown().optional(),
    }),
  ),
})

export function readPylockPins(file: string, content: unknown): Pin[] {
  return schema.parse(content).packages.map(({ name, version, marker, wheels, sdist, ...source }) => {
    if (
      version === undefined ||
      source.vcs !== undefined ||
      source.directory !== undefined ||
      source.archive !== undefined
    )
      refuseLock(file, lockWords.source(name), lockWords.leaveOut)
    const files = [...wheels, ...(sdist ? [sdist] : [])]
    const hashes = files.flatMap(({ hashes: own }) => Object.entries(own).map(([kind, hash]) => `${kind}:${hash}`))
    return { name, version, marker: marker ?? null, hashes }
  })
}
