import { createHash } from 'node:crypto'
import type { Artifact, Closure } from '../../storage/records.ts'

export function sha256(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex')
}

/** An artifact whose bytes are its file's name, unless said otherwise. */
export function artifact(file: string, more: Partial<Artifact> = {}): Artifact {
  const [name = '', version = ''] = file.split('-')
  return {
    ecosystem: 'toy',
    name,
    version,
    file,
    sha256: sha256(file),
    size: file.length,
    origin: 'default',
    url: `https://files.example/${file}`,
    uploadedAt: null,
    facts: {},
    ...more,
  }
}

export function closureOf(...artifacts: readonly Artifact[]): Closure {
  return {
    items: artifacts.map((item, index) => ({
      artifact: item,
      isRoot: index === 0,
      neededBy: index === 0 ? [] : [artifacts[0]!.name],
    })),
    remarks: [],
  }
}
