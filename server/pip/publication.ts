/** What must be written so that pods see what the state says: pool, then requests, then pages, the top index last. */
import { indexFolder, poolPath, requestFolder } from '../../storage/layout.ts'
import type { Artifact, Closure } from '../../storage/records.ts'
import type { Asker, Listings, Publication, TreeFile } from '../ecosystem.ts'
import { renderPylock, renderRequirements } from './lock.ts'
import type { Metadata } from './metadata.ts'
import { renderIndex, renderProject } from './simple-write.ts'
import type { PipTarget } from './target.ts'

type Deps = {
  readonly listings: Listings
  readonly metadata: Metadata
  /** What these files were built of, as far as it is here: kept in the pool, listed nowhere. */
  readonly materials: (files: readonly Artifact[]) => Promise<readonly Artifact[]>
}

/** Projects a step when everything is written again. */
const piece = 256

export function createPublication({ listings, metadata, materials }: Deps) {
  async function pages(index: string, names: readonly string[]): Promise<TreeFile[]> {
    const listed = await listings.listed(`pip/${index}`, names)
    return [...Map.groupBy(listed, (listing) => listing.artifact.name)].flatMap(([name, entries]) => {
      const rendered = renderProject({ name, artifacts: entries.map((entry) => entry.artifact) })
      return both(`${indexFolder('pip', index)}/${name}`, rendered)
    })
  }

  async function top(index: string): Promise<TreeFile[]> {
    return both(indexFolder('pip', index), renderIndex(await listings.names(`pip/${index}`)))
  }

  async function pool(artifact: Artifact): Promise<TreeFile[]> {
    const path = poolPath('pip', artifact.sha256, artifact.file)
    const { metadata: bytes } = await metadata.wheel(artifact.sha256, artifact.file)
    return [
      { path, artifact },
      { path: `${path}.metadata`, bytes },
    ]
  }

  /** Whether a project came into the index with this closure: then, and only then, the top index changes. */
  async function hasNewProject(target: PipTarget, closure: Closure): Promise<boolean> {
    const files = new Set(closure.items.map(({ artifact }) => artifact.file))
    const listed = await listings.listed(
      target.lane,
      closure.items.map(({ artifact }) => artifact.name),
    )
    const byName = Map.groupBy(listed, (listing) => listing.artifact.name)
    return [...byName.values()].some((entries) => entries.every((entry) => files.has(entry.artifact.file)))
  }

  function requestFiles(closure: Closure, { id }: Asker): TreeFile[] {
    const artifacts = closure.items.map(({ artifact }) => artifact)
    const folder = requestFolder('pip', id)
    return [
      { path: `${folder}/requirements.txt`, bytes: Buffer.from(renderRequirements(artifacts)) },
      { path: `${folder}/pylock.toml`, bytes: Buffer.from(renderPylock(artifacts)) },
    ]
  }

  return {
    requestFiles,

    async publication(target: PipTarget, closure: Closure, askers: readonly Asker[]): Promise<Publication> {
      const files = await Promise.all(closure.items.map(({ artifact }) => pool(artifact)))
      const names = closure.items.map(({ artifact }) => artifact.name)
      const kept = await materials(closure.items.map(({ artifact }) => artifact))
      const here = new Set(closure.items.map(({ artifact }) => artifact.sha256))
      const others = kept.filter(({ sha256 }) => !here.has(sha256))
      return [
        [...files.flat(), ...others.map((artifact) => ({ path: poolOf(artifact), artifact }))],
        askers.flatMap((asker) => requestFiles(closure, asker)),
        await pages(target.index, names),
        (await hasNewProject(target, closure)) ? await top(target.index) : [],
      ]
    },

    async *indexes(lane: string): AsyncIterable<Publication> {
      const index = lane.slice('pip/'.length)
      const names = await listings.names(lane)
      for (let at = 0; at < names.length; at += piece) yield [await pages(index, names.slice(at, at + piece))]
      yield [await top(index)]
    },
  }
}

function poolOf({ sha256, file }: Artifact) {
  return poolPath('pip', sha256, file)
}

function both(folder: string, { html, json }: { readonly html: string; readonly json: string }): TreeFile[] {
  return [
    { path: `${folder}/index.html`, bytes: Buffer.from(html) },
    { path: `${folder}/index.json`, bytes: Buffer.from(json) },
  ]
}
