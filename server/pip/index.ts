/** pip as an ecosystem: the graph of this folder's rooms. */
import type { RunChild } from '../child.ts'
import type { Ecosystem, Listings, Outside, PathOf } from '../ecosystem.ts'
import { createPipGateway } from './gateway.ts'
import { createMetadata } from './metadata.ts'
import { createProjects } from './projects.ts'
import { createProve } from './prove.ts'
import { createPublication } from './publication.ts'
import { parseRequirements } from './requirement.ts'
import { createSolve } from './solve.ts'
import { createStage } from './stage.ts'
import type { PipTarget } from './target.ts'
import type { PipUpstream } from './upstreams.ts'
import { createUv } from './uv.ts'

export type PipDeps = {
  readonly targets: ReadonlyMap<string, PipTarget>
  readonly upstreams: readonly PipUpstream[]
  readonly outside: Outside
  readonly listings: Listings
  readonly pathOf: PathOf
  /** Known once the gateway listens. */
  readonly gatewayUrl: () => string
  readonly run: RunChild
  readonly uv: string
  readonly python: string
  readonly work: string
  readonly cache: string
}

export function createPip(deps: PipDeps) {
  const { targets, listings, pathOf, outside, gatewayUrl } = deps
  const projects = createProjects(deps)
  const metadata = createMetadata({ outside, pathOf })
  const gateway = createPipGateway({ projects, metadata, outside })
  const compile = createUv(deps)
  const solve = createSolve({ gateway, gatewayUrl, compile, projects, metadata, listings })
  const stage = createStage({ gateway, metadata, listings, pathOf })
  const prove = createProve({ compile, gatewayUrl })
  const publications = createPublication({ listings, metadata })
  const own = (target: { readonly name: string }) => targets.get(target.name)!

  const ecosystem: Ecosystem = {
    name: 'pip',
    targets,
    parse: parseRequirements,
    installLine: (roots) => `pip install ${roots.map(shellQuote).join(' ')}`,
    solve: (job, target, signal) => solve(job, own(target), signal),
    stage: (job, target, closure, signal) => stage(job, own(target), closure, signal),
    prove: (job, target, _, signal) => prove(job, own(target), signal),
    publication: (_, target, closure, askers) => publications.publication(own(target), closure, askers),
    requestFiles: (_, __, closure, asker) => publications.requestFiles(closure, asker),
    indexes: publications.indexes,
  }
  return { ecosystem, gateway }
}

/** For a POSIX shell, quoted only where it must be. */
function shellQuote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
