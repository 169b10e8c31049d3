/** A target whose snapshot is never young enough: every request sees the archive as it is now. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { startArchive } from '../support/archive.ts'
import { startAptAirlock, type AptAirlock, type AptOptions } from './airlock.ts'

export async function start(
  t: TestContext,
  more: AptOptions['targets'][string] = {},
  options: Partial<AptOptions> = {},
) {
  const archive = await startArchive()
  t.after(() => archive.close())
  const targets = { default: { sources: archive.sources, updateAfter: 0, ...more } }
  return { archive, airlock: await startAptAirlock(t, { targets, ...options }) }
}

export async function held({ state }: AptAirlock): Promise<string[]> {
  return (await state.roots('apt/default')).flatMap((entry) => (entry.held ? [entry.root] : []))
}

/** What is published, as `name version`. */
export async function versions({ root }: AptAirlock, target = 'default'): Promise<string[]> {
  const packages = await readFile(join(root, 'apt', target, 'Packages'), 'utf8')
  return [...packages.matchAll(/^Package: (.+)\nVersion: (.+)$/gm)].map(([, name, version]) => `${name} ${version}`)
}
