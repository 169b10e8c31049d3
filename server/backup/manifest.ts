/** What lies in a backup: a tar whose first file says of the others how large they are and what their digests are. */
import { z } from 'zod'
import { sha256Pattern } from '../../storage/layout.ts'

export const manifestName = 'manifest.json'

/** Files of AIRLOCK_STATE, and below `beside/` those that the configuration names beside itself. */
const namePattern =
  /^(?:airlock\.db|airlock\.yaml|(?:keys|beside(?:\/[A-Za-z0-9_][A-Za-z0-9._-]{0,99}){0,5})\/[A-Za-z0-9_][A-Za-z0-9._+-]{0,99})$/

/** Folders and files of the state that nothing beside the configuration may be put on. */
const taken = /^beside\/(?:airlock\.(?:db|yaml).*|lock\.db.*|keys|cache|work|backup)(?:\/|$)/

export function isName(name: string): boolean {
  return namePattern.test(name) && !taken.test(name)
}

export const manifestSchema = z.strictObject({
  format: z.literal('airlock-backup'),
  version: z.literal(1),
  createdAt: z.iso.datetime(),
  files: z
    .array(
      z.strictObject({
        name: z.string().refine(isName),
        size: z.int().nonnegative(),
        sha256: z.string().regex(sha256Pattern),
      }),
    )
    .max(10_000),
  /** What the configuration names elsewhere, and the backup has not. */
  outside: z.array(z.string()),
})

export type Manifest = z.infer<typeof manifestSchema>
