/** What a pod has installed, as its `pip freeze` says: preferences for the solver, never demands. */
import { isProjectName, normalizeName } from './names.ts'
import { isVersion } from './versions.ts'

export type Pin = { readonly name: string; readonly version: string }

export type Installed = {
  readonly pins: readonly Pin[]
  /** Lines that name no release of an index (conda's `@ file:///…`, editable ones): said once, not used. */
  readonly dropped: readonly string[]
}

export function readFreeze(text: string): Installed {
  const pins: Pin[] = []
  const dropped: string[] = []
  for (const line of text.split(/\r\n|\r|\n/).map((one) => one.trim())) {
    if (line === '' || line.startsWith('#')) continue
    const [, name = '', version = ''] = /^([A-Za-z0-9._-]+)={2,3}(\S+)$/.exec(line) ?? []
    if (isProjectName(name) && isVersion(version)) pins.push({ name: normalizeName(name), version })
    else dropped.push(/^[A-Za-z0-9._-]*/.exec(line)![0] || line.slice(0, 100))
  }
  return { pins, dropped }
}
