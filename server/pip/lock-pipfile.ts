/** Pipfile.lock: what is installed by default and what is installed to develop. */
import { z } from 'zod'
import { lockWords, refuseLock, type Pin } from './lock-pins.ts'

const entry = z.looseObject({
  version: z.string().optional(),
  markers: z.string().optional(),
  hashes: z.array(z.string()).default([]),
})
const schema = z.object({
  _meta: z.looseObject({}),
  default: z.record(z.string(), entry).default({}),
  develop: z.record(z.string(), entry).default({}),
})

export function readPipfilePins(file: string, content: unknown): Pin[] {
  const lock = schema.parse(content)
  return [lock.default, lock.develop].flatMap((section) =>
    Object.entries(section).map(([name, { version, markers, hashes }]) => {
      if (version === undefined || !/^={2,3}[^=]/.test(version))
        refuseLock(file, lockWords.source(name), lockWords.leaveOut)
      return { name, version: version.replace(/^=+/, ''), marker: markers ?? null, hashes }
    }),
  )
}
