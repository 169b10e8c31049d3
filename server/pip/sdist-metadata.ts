/**
 * What a wheel built from an sdist will probably say of itself. The solver is shown this until the wheel is there, whose own
 * METADATA then counts: a wrong guess costs another solve, and nothing else.
 */
import { parse } from 'smol-toml'
import { readHeaders } from './core-metadata.ts'
import { parseDependency } from './requirement.ts'
import type { Sdist } from './sdist.ts'

type Release = {
  /** Normalised. */
  readonly name: string
  readonly version: string
  /** As the index says. */
  readonly requiresPython: string | null
}

/** Where an sdist is not at hand, nothing is known but what the index says. */
export function guessMetadata({ name, version, requiresPython }: Release, sdist: Sdist | null): Buffer {
  const headers = readHeaders(sdist?.pkgInfo ?? '')
  const said = headers.get('requires-dist') ?? []
  const project = projectTable(sdist?.pyproject ?? null)
  // PKG-INFO counts where it lists requirements; old ones never do
  const requires = said.length > 0 ? said : (project ?? requirementsOf(sdist?.requiresTxt ?? ''))
  const readable = requires.filter((line) => !/[\r\n]/.test(line) && parseDependency(line) !== null)
  const extras = new Set([...(headers.get('provides-extra') ?? []), ...readable.flatMap(extrasIn)])
  const python = headers.get('requires-python')?.[0] ?? requiresPython
  return Buffer.from(
    [
      'Metadata-Version: 2.1',
      `Name: ${name}`,
      `Version: ${version}`,
      ...(python === null || /[\r\n]/.test(python) ? [] : [`Requires-Python: ${python}`]),
      ...[...extras].filter((extra) => /^[\w.-]+$/.test(extra)).map((extra) => `Provides-Extra: ${extra}`),
      ...readable.map((line) => `Requires-Dist: ${line}`),
      '',
      '',
    ].join('\n'),
  )
}

/** PEP 621: the requirements of a `project` table, unless it leaves them to the backend; null: it says nothing. */
function projectTable(pyproject: string | null): string[] | null {
  const project = tableOf(parsed(pyproject)?.['project'])
  const dynamic = Array.isArray(project?.['dynamic']) ? project['dynamic'] : []
  if (!project || dynamic.includes('dependencies')) return null
  const optional = dynamic.includes('optional-dependencies') ? {} : (tableOf(project['optional-dependencies']) ?? {})
  return [
    ...texts(project['dependencies']),
    ...Object.entries(optional).flatMap(([extra, lines]) => texts(lines).map((line) => withExtra(line, extra, ''))),
  ]
}

/** setuptools' requires.txt: `[extra:marker]` in front of the lines that it is about. */
export function requirementsOf(requiresTxt: string): string[] {
  let extra = ''
  let marker = ''
  return requiresTxt.split(/\r\n|\n|\r/).flatMap((raw) => {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) return []
    const section = /^\[([^:\]]*):?(.*)\]$/.exec(line)
    if (!section) return [withExtra(line, extra, marker)]
    ;[extra, marker] = [section[1]!.trim(), section[2]!.trim()]
    return []
  })
}

function withExtra(line: string, extra: string, marker: string): string {
  const [requirement = '', own = ''] = line.split(';', 2).map((part) => part.trim())
  const parts = [own, marker, extra === '' ? '' : `extra == ${JSON.stringify(extra)}`].filter((part) => part !== '')
  const joined = parts.length > 1 ? parts.map((part) => `(${part})`).join(' and ') : parts.join('')
  return joined === '' ? requirement : `${requirement} ; ${joined}`
}

function extrasIn(line: string): string[] {
  return [...line.matchAll(/extra\s*==\s*["']([\w.-]+)["']/g)].map(([, extra]) => extra!)
}

function parsed(toml: string | null): Record<string, unknown> | null {
  try {
    return toml === null ? null : parse(toml)
  } catch {
    return null
  }
}

function tableOf(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}
