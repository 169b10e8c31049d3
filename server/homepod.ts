/** The tree's folder `homepod/`: what a pod needs to become a client. A pure function of the settings, the targets and the key. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { homepodPath } from '../storage/layout.ts'
import type { Ecosystem, Target, TreeFile } from './ecosystem.ts'

type Deps = {
  /** `client/homepod`, absolute. */
  readonly folder: string
  readonly ecosystems: Iterable<Pick<Ecosystem, 'name' | 'targets'>>
  /** Where people ask; null: nobody said. */
  readonly consoleUrl: string | null
  /** Armored: what signs this tree. */
  readonly key: string
}

/** Steps in which they may become visible: the script last, since it reads the others. */
export function homepodFiles({ folder, ecosystems, consoleUrl, key }: Deps): readonly (readonly TreeFile[])[] {
  const file = (name: Parameters<typeof homepodPath>[0], bytes: string | Buffer): TreeFile => ({
    path: homepodPath(name),
    bytes: Buffer.from(bytes),
  })
  return [
    [
      file('airlock.asc', key),
      file('apt-hook', readFileSync(join(folder, 'apt-hook'))),
      file('targets', describeTargets(ecosystems, consoleUrl)),
    ],
    [file('setup.sh', assembleScript(folder))],
  ]
}

/** setup.sh as one file: each line that names a part is the part. Throws where a part is missing. */
export function assembleScript(folder: string): string {
  const part = (_: string, name: string) => readFileSync(join(folder, 'setup', `${name}.sh`), 'utf8')
  return readFileSync(join(folder, 'setup.sh'), 'utf8').replaceAll(/^\. "\$here\/setup\/([a-z]+)\.sh"\n/gm, part)
}

/** What setup.sh reads of this Airlock, one fact a line; `client/homepod/setup/tree.sh` draws it. */
export function describeTargets(
  ecosystems: Iterable<Pick<Ecosystem, 'name' | 'targets'>>,
  consoleUrl: string | null,
): string {
  const lines = [...ecosystems].flatMap(({ name, targets }) =>
    [...targets.values()].map((target) => [name, target.name, indexOf(target), oneLine(target.summary)]),
  )
  return [['airlock', '1'], ...(consoleUrl === null ? [] : [['console', consoleUrl]]), ...lines]
    .map((words) => `${words.join(' ')}\n`)
    .join('')
}

/** The lane's folder below the ecosystem's. */
function indexOf({ lane }: Target): string {
  return lane.slice(lane.indexOf('/') + 1)
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ')
}
