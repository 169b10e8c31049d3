/** What a lock names and upstream has no longer. */
import { AirlockError } from '../errors.ts'
import { parseSdistName, parseWheelName } from './names.ts'
import type { Project } from './projects.ts'
import type { PipOptions } from './requirements-file.ts'
import { sameVersion } from './versions.ts'

type Locked = { readonly name: string; readonly version: string }

/**
 * Throws `lock-file-gone` for the first release of which upstream lists no file that the lock allows. `asked`: what the
 * solver looked at, so that what is not for its target is left out.
 */
export function refuseGone(
  pins: readonly Locked[],
  { hashes = {} }: PipOptions,
  { asked }: { readonly asked: ReadonlyMap<string, Project | null> },
): void {
  for (const { name, version } of pins) {
    const project = asked.get(name)
    if (!project) continue
    const allowed = hashes[name] ?? []
    const isThere = project.page.files.some(
      ({ file, sha256 }) => sha256 !== null && allowed.includes(sha256) && sameVersion(versionOf(file, name), version),
    )
    if (!isThere)
      throw new AirlockError('lock-file-gone', {
        project: name,
        version,
        origin: project.origin,
        count: allowed.length,
      })
  }
}

function versionOf(file: string, project: string): string {
  return (parseWheelName(file) ?? parseSdistName(file, project))?.version ?? ''
}
