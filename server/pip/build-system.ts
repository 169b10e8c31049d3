/** PEP 517, 518: how an sdist wants to be built. */
import { parse } from 'smol-toml'
import { z } from 'zod'
import { AirlockError } from '../errors.ts'
import { sdistFaults } from './build-words.ts'
import { parseRequirement } from './requirement.ts'
import type { Sdist } from './sdist.ts'

export type BuildSystem = {
  /** Canonical, in the order of the table. */
  readonly requires: readonly string[]
  /** `module` or `module:object`. */
  readonly backend: string
  /** Folders of the sdist that the backend lies in. */
  readonly path: readonly string[]
}

/** What pip does with an sdist that says nothing. */
const legacy = { requires: ['setuptools>=40.8.0'], backend: 'setuptools.build_meta:__legacy__' } as const

const schema = z.object({
  'build-system': z
    .object({
      requires: z.array(z.string().max(1000)).max(100),
      'build-backend': z
        .string()
        .regex(/^[A-Za-z_][\w.]*(?::[A-Za-z_][\w.]*)?$/)
        .optional(),
      'backend-path': z
        .array(z.string().regex(/^(?!\/)(?!.*(?:^|\/)\.\.(?:\/|$))[\x20-\x7e]{1,200}$/))
        .max(20)
        .optional(),
    })
    .optional(),
})

/** Throws `artifact-invalid` for a table that no front end would take, `requirement-refused` for what it may not require. */
export function buildSystemOf({ pyproject }: Sdist, file: string): BuildSystem {
  const table = pyproject === null ? undefined : read(pyproject, file)
  return {
    requires: (table?.requires ?? legacy.requires).map((line) => parseRequirement(line).text),
    backend: table?.['build-backend'] ?? legacy.backend,
    path: table?.['backend-path'] ?? [],
  }
}

function read(pyproject: string, file: string) {
  try {
    return schema.parse(parse(pyproject))['build-system']
  } catch (cause) {
    throw new AirlockError('artifact-invalid', { file, reason: sdistFaults.buildSystem }, { cause })
  }
}
