/** A root taken apart, for those who are about to ask for it. */
import type { Understood } from '../ecosystem.ts'
import { parseRequirement } from './requirement.ts'
import { readSpecifiers, takes } from './specifiers.ts'
import { compareVersions, parseVersion } from './versions.ts'

/** Throws like {@link parseRequirement}. */
export function understandRoot(root: string): Understood {
  const { name, extras, marker, specifier } = parseRequirement(root)
  const wanted = readSpecifiers(specifier)
  // a pre-release is only taken by who names one
  const takesPre = wanted.some(({ version }) => isPre(version))
  return {
    name,
    alone: extras.length === 0 && marker === null,
    pick: (versions) =>
      versions
        .filter((version) => (takesPre || !isPre(version)) && wanted.every((one) => takes(one, version)))
        .toSorted(compareVersions)
        .at(-1) ?? null,
  }
}

function isPre(version: string): boolean {
  const parts = parseVersion(version)
  return parts !== null && (parts.pre !== null || parts.dev !== null)
}
