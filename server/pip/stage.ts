/** An index as it would be: the published listing and one closure more, rendered to the very bytes to be published. */
import type { Artifact, Closure, Job } from '../../storage/records.ts'
import type { Listings, Stage } from '../ecosystem.ts'
import { dependencyEdges, parseMetadata } from './dependants.ts'
import type { PipGateway } from './gateway.ts'
import { sha256Of, type Metadata } from './metadata.ts'
import { parseRequirement } from './requirement.ts'
import { renderProject } from './simple-write.ts'
import type { PipTarget } from './target.ts'

type Deps = {
  readonly gateway: PipGateway
  readonly metadata: Metadata
  readonly listings: Listings
}

export function createStage({ gateway, metadata, listings }: Deps) {
  /** Reads every wheel (throws `artifact-invalid`) and shows the lane's next index to the gateway until it is closed. */
  return async function stage(job: Job, target: PipTarget, closure: Closure, signal: AbortSignal): Promise<Stage> {
    const artifacts = await Promise.all(closure.items.map(({ artifact }) => complete(artifact)))
    signal.throwIfAborted()
    const byName = Map.groupBy(artifacts, (artifact) => artifact.name)
    const pages = new Map<string, { json: Buffer; etag: string } | null>()

    async function page(project: string) {
      const known = pages.get(project)
      if (known !== undefined) return known
      const listed = (await listings.listed(target.lane, [project])).map((listing) => listing.artifact)
      // what is listed stays as it was listed first, whatever upstream says of it now
      const files = new Map([...(byName.get(project) ?? []), ...listed].map((artifact) => [artifact.file, artifact]))
      const json =
        files.size === 0 ? null : Buffer.from(renderProject({ name: project, artifacts: [...files.values()] }).json)
      const rendered = json && { json, etag: `"${sha256Of(json)}"` }
      pages.set(project, rendered)
      return rendered
    }

    const hide = gateway.show(target.index, { page })
    return {
      generation: await listings.generation(target.lane),
      artifacts,
      neededBy: await whoNeedsWhom(artifacts, job, target),
      remarks: closure.remarks,
      close: () => Promise.resolve(hide()),
    }
  }

  /** What is listed of a wheel, from the wheel itself. */
  async function complete(artifact: Artifact): Promise<Artifact> {
    const wheel = await metadata.wheel(artifact.sha256, artifact.file)
    return {
      ...artifact,
      size: wheel.size,
      facts: { ...artifact.facts, metadataSha256: sha256Of(wheel.metadata), summary: wheel.summary },
    }
  }

  async function whoNeedsWhom(
    artifacts: readonly Artifact[],
    job: Job,
    target: PipTarget,
  ): Promise<Record<string, readonly string[]>> {
    const nodes = artifacts.map(async ({ name, sha256, file }) => ({
      name,
      metadata: parseMetadata((await metadata.wheel(sha256, file)).metadata),
    }))
    return dependencyEdges(await Promise.all(nodes), job.roots.map(parseRequirement), target)
  }
}
