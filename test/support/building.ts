/** An Airlock that builds, with an index for it and targets of this machine's kind and of another. */
import type { BuildView, RequestDetail } from '../../server/contract.ts'
import { startAirlock } from './airlock.ts'
import { hostPython } from './clients.ts'
import { startIndex } from './index.ts'
import { makeSource, type SourceOptions } from './sources.ts'
import { makeWheel, type WheelOptions } from './wheels.ts'

const [, minor = ''] = hostPython().version.split('.')

/** What this machine's Python takes for its own. */
export const nativeTag = `cp3${minor}-cp3${minor}-linux_${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}`

/** `default` and `same` are this machine's kind, `older` is Python 3.8 and an older C library with an index of its own. */
export async function startBuilding(
  builds: Readonly<Record<string, unknown>> = {},
  more: Readonly<Record<string, { readonly python: string; readonly index: string }>> = {},
) {
  const index = await startIndex()
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64'
  const host = { python: hostPython().version, platform: `${machine}-manylinux_2_40` }
  const older = { python: '3.8.18', platform: `${machine}-manylinux_2_31`, index: 'older' }
  const others = Object.entries(more).map(([name, pip]) => [name, { pip: { ...host, ...pip } }])
  const targets = { default: { pip: host }, same: { pip: host }, older: { pip: older }, ...Object.fromEntries(others) }
  const airlock = await startAirlock({ index: index.url, config: { targets, builds } })

  async function ask(target: string, requirements: readonly string[]): Promise<number> {
    const [asked] = await airlock.askFor({ ecosystem: 'pip', requirements: [...requirements], targets: [target] })
    return asked!.id
  }

  return {
    index,
    airlock,
    source(options: SourceOptions) {
      const made = makeSource(options)
      index.add(made, { project: options.name })
      return made
    },
    wheel(options: WheelOptions) {
      const made = makeWheel(options)
      index.add(made)
      return made
    },
    bring: async (target: string, ...requirements: readonly string[]) => airlock.ready(await ask(target, requirements)),
    failure: async (target: string, ...requirements: readonly string[]) =>
      airlock.problem(await ask(target, requirements)),
    /** Newest first. */
    async buildsOf(project: string): Promise<BuildView[]> {
      const { builds: all } = await airlock.call<{ builds: BuildView[] }>('/api/builds?limit=200')
      return all.filter((build) => build.project === project)
    },
    build: (id: unknown) => airlock.call<BuildView & { readonly log: string }>(`/api/builds/${String(id)}`),
    async close(): Promise<void> {
      await airlock.close()
      await index.close()
    },
  }
}

export function versionsOf({ closure }: RequestDetail): Record<string, string> {
  return Object.fromEntries(closure!.map(({ project, version }) => [project, version]))
}
