/** PEP 440's specifiers: which texts are any, their normal form, and what they take. */
import { canonicalVersion, parseVersion, partsKey, type VersionParts } from './versions.ts'

/** Longest first, so that the first that fits is the one meant. */
export const operators = ['===', '~=', '==', '!=', '<=', '>=', '<', '>'] as const
export type Operator = (typeof operators)[number]

export type Specifier = { readonly operator: Operator; readonly version: string }

/** Whether `==` and `!=` may be followed by `.*` here, `~=` has two numbers, and so on: PEP 440's own limits. */
export function isSpecifier({ operator, version }: Specifier): boolean {
  if (operator === '===') return /^[A-Za-z0-9][A-Za-z0-9._+!*-]{0,127}$/.test(version)
  const isPrefix = version.endsWith('.*')
  const parts = parseVersion(isPrefix ? version.slice(0, -2) : version)
  if (!parts) return false
  const isEquality = operator === '==' || operator === '!='
  if (isPrefix) return isEquality && parts.dev === null && parts.local === null
  if (parts.local !== null && !isEquality) return false
  return operator !== '~=' || parts.release.length > 1
}

/** A specifier in normal form, `=== ` texts as they are. Throws RangeError when {@link isSpecifier} says no. */
export function canonicalSpecifier(specifier: Specifier): Specifier {
  const { operator, version } = specifier
  if (!isSpecifier(specifier)) throw new RangeError(`not a specifier: ${operator}${version}`)
  if (operator === '===') return specifier
  const isPrefix = version.endsWith('.*')
  const canonical = canonicalVersion(isPrefix ? version.slice(0, -2) : version)!
  return { operator, version: isPrefix ? `${canonical}.*` : canonical }
}

/** Whether a specifier takes a version, pre-releases included: whether those are wanted is the solver's question. */
export function takes(specifier: Specifier, version: string): boolean {
  const { operator } = specifier
  if (operator === '===') return version.toLowerCase() === specifier.version.toLowerCase()
  const parts = parseVersion(version)
  if (!parts || !isSpecifier(specifier)) return false
  const wanted = specifier.version
  const public_ = { ...parts, local: null }
  switch (operator) {
    case '==':
      return equals(parts, wanted)
    case '!=':
      return !equals(parts, wanted)
    case '~=': {
      const bound = parseVersion(wanted)!
      return atLeast(public_, bound) && startsWith(public_, { ...bare(bound), release: bound.release.slice(0, -1) })
    }
    case '>=':
      return atLeast(public_, parseVersion(wanted)!)
    case '<=':
      return atLeast(parseVersion(wanted)!, public_)
    case '<': {
      const bound = parseVersion(wanted)!
      const isPre = parts.pre !== null || parts.dev !== null
      if (isPre && bound.pre === null && bound.dev === null && sameBase(parts, bound)) return false
      return partsKey(parts) < partsKey(bound)
    }
    case '>': {
      const bound = parseVersion(wanted)!
      if (parts.post !== null && bound.post === null && sameBase(parts, bound)) return false
      if (parts.local !== null && sameBase(parts, bound)) return false
      return partsKey(parts) > partsKey(bound)
    }
  }
}

function equals(parts: VersionParts, wanted: string): boolean {
  if (wanted.endsWith('.*')) return startsWith(parts, parseVersion(wanted.slice(0, -2))!)
  const bound = parseVersion(wanted)!
  return partsKey(bound.local === null ? { ...parts, local: null } : parts) === partsKey(bound)
}

function atLeast(a: VersionParts, b: VersionParts): boolean {
  return partsKey(a) >= partsKey(b)
}

function sameBase(a: VersionParts, b: VersionParts): boolean {
  return partsKey(bare(a)) === partsKey(bare(b))
}

function bare(parts: VersionParts): VersionParts {
  return { ...parts, pre: null, post: null, dev: null, local: null }
}

/** PEP 440, prefix matching: zeros are added to a shorter release, then parts are compared as far as the prefix goes. */
function startsWith(parts: VersionParts, prefix: VersionParts): boolean {
  if (parts.epoch !== prefix.epoch) return false
  const segments = (version: VersionParts) => [
    ...(version.pre === null ? [] : [version.pre.join('')]),
    ...(version.post === null ? [] : [`post${version.post}`]),
    ...(version.dev === null ? [] : [`dev${version.dev}`]),
  ]
  if (prefix.release.some((number, at) => (parts.release[at] ?? '') !== number)) return false
  const rest = segments(prefix)
  if (rest.length > 0 && parts.release.length > prefix.release.length) return false
  return rest.every((segment, at) => segments(parts)[at] === segment)
}

const specifierPattern = new RegExp(`^(${operators.join('|')})\\s*(\\S+)$`)

/** A comma-separated set as pages and requirements have it; what is no specifier is left out. */
export function readSpecifiers(text: string): readonly Specifier[] {
  return text.split(',').flatMap((one) => {
    const [, operator, version] = specifierPattern.exec(one.trim()) ?? []
    const specifier = { operator: operator as Operator, version: version ?? '' }
    return operator !== undefined && isSpecifier(specifier) ? [specifier] : []
  })
}

/** Requires-Python as installers judge it: what cannot be read excludes nothing. */
export function runsOn(requiresPython: string | null, python: string): boolean {
  return requiresPython === null || readSpecifiers(requiresPython).every((one) => takes(one, python))
}
