/**
 * Every way by which somebody's words become a child's command line or a file that it reads, with the child replaced by
 * one that looks at both: pip and apt requirements, names of targets, locks, descriptions of pods.
 */
import { join } from 'node:path'
import * as fc from 'fast-check'
import type * as aptNames from '../../server/apt/names.ts'
import type * as aptPod from '../../server/apt/pod.ts'
import type * as aptRoot from '../../server/apt/root.ts'
import type * as aptSolver from '../../server/apt/solver.ts'
import { parseSources } from '../../server/apt/sources.ts'
import type { RunChild } from '../../server/child.ts'
import type * as contract from '../../server/contract.ts'
import type * as lockRead from '../../server/pip/lock-read.ts'
import type * as pipRequirement from '../../server/pip/requirement.ts'
import type * as pipTarget from '../../server/pip/target.ts'
import type * as pipUv from '../../server/pip/uv.ts'
import type { PipTarget } from '../../server/pip/target.ts'
import type * as described from '../../server/pod-description.ts'
import { describePod, pythonSections, system, type Section } from '../support/description.ts'
import { fuzzedWord } from '../support/hostile-words.ts'
import { importSabotaged, type Cut } from '../support/sabotage.ts'
import { judge } from './argv-judge.ts'

/** Somewhere a word may be written: it is refused (an AirlockError), or what follows is looked at. */
export type Slot = { readonly name: string; readonly feed: (word: string) => Promise<void> }

export type Rig = {
  readonly slots: readonly Slot[]
  /** Children that would have been started. */
  started(): number
  /** What no child should have been given, each with the word. */
  readonly faults: string[]
}

const never = new AbortController().signal
const digest = 'a'.repeat(64)
const archives = parseSources('deb http://archive.example/debian stable main', 'x').sources

/** `cuts`: the same with a check taken out, for a control. */
export async function startRig(folder: string, cuts: readonly Cut[] = []): Promise<Rig> {
  const load = <T>(file: string) => importSabotaged<T>(`server/${file}`, cuts)
  const { parseRequirement } = await load<typeof pipRequirement>('pip/requirement.ts')
  const { createUv } = await load<typeof pipUv>('pip/uv.ts')
  const { createReadLock } = await load<typeof lockRead>('pip/lock-read.ts')
  const { pipTargetOfPod } = await load<typeof pipTarget>('pip/target.ts')
  const { readPodDescription } = await load<typeof described>('pod-description.ts')
  const { parseRoots } = await load<typeof aptNames>('apt/names.ts')
  const { createSolver } = await load<typeof aptSolver>('apt/solver.ts')
  const { aptTargetOfPod } = await load<typeof aptPod>('apt/pod.ts')
  const { createRoot } = await load<typeof aptRoot>('apt/root.ts')
  const { newTargetSchema } = await load<typeof contract>('contract.ts')

  let started = 0
  let current = ''
  const faults: string[] = []
  const complain = (what: string) =>
    void faults.push(`${what.slice(0, 300)} of ${JSON.stringify(current.slice(0, 100))}`)
  const run: RunChild = (command, args, { cwd = '' }) => {
    started++
    judge({ command, args, cwd }, folder, complain)
    return Promise.resolve({ status: 1, stdout: '', stderr: '' })
  }
  const uv = { run, uv: 'uv', work: join(folder, 'work') }
  const compile = createUv({ ...uv, python: '/usr/bin/python3', cache: join(folder, 'cache') })
  const readLock = createReadLock({ ...uv, isUpstream: () => false })
  const indexUrl = 'http://127.0.0.1:1/pip/index/x/'
  async function solve(requirements: readonly string[], target: PipTarget): Promise<void> {
    await compile({ requirements, installed: target.installed, target, indexUrl, signal: never })
  }
  const own = pipTargetOfPod('own', readPodDescription(describePod(...system, ...pythonSections('/p'))), {
    python: null,
    index: 'simple',
  })!
  const snapshots = {
    apt: (command: string, args: readonly string[]) => run(command, args, { env: {}, cwd: '', signal: never }),
  }
  const askApt = createSolver(snapshots as never, { architectures: ['amd64'] })

  async function takePod(...sections: readonly Section[]): Promise<void> {
    const pod = readPodDescription(describePod(...sections))
    const pip = pipTargetOfPod('pod', pod, { python: null, index: 'simple' })
    if (pip) await solve(['numpy'], pip)
    const apt = aptTargetOfPod('pod', pod, { archives, keyrings: [] })
    if (!apt) return
    const root = await createRoot(apt, { folder: join(folder, 'apt'), run, proxy: null })
    const place = {
      lists: join(folder, 'lists'),
      cache: join(folder, 'apt-cache'),
      base: 'image',
      signal: never,
    } as const
    await root.apt('apt-get', ['update'], place)
  }

  const lock = async (file: string, text: string) => solve((await readLock(file, text)).roots, own)
  const toml = (word: string) => JSON.stringify(word)
  const named = (target: unknown) => {
    const { success, data } = newTargetSchema.safeParse(target)
    if (!success) return
    if (!/^[a-z0-9][a-z0-9-]*$/.test(data.name + data.index)) complain('a name of a target')
  }
  async function apt(lines: readonly string[]): Promise<void> {
    await askApt(parseRoots(lines).roots, {} as never, 'bare', never)
  }
  const python = (change: Parameters<typeof pythonSections>[1], path = '/usr/bin/python3') =>
    takePod(...system, ...pythonSections(path, change))
  const sources = (line: string) => takePod(...system, ['apt-sources /etc/apt/sources.list', line.split('\n')])

  const ways: Readonly<Record<string, (word: string) => Promise<void> | void>> = {
    'a requirement': (word) => solve([parseRequirement(word).text], own),
    'an extra': (word) => solve([parseRequirement(`numpy[${word}]`).text], own),
    'a version': (word) => solve([parseRequirement(`numpy===${word}`).text], own),
    'a marker': (word) => solve([parseRequirement(`numpy ; os_name == "${word}"`).text], own),
    'a package of apt': (word) => apt([word]),
    'a version of apt': (word) => apt([`jq=${word}`]),
    'an architecture of apt': (word) => apt([`jq:${word}`]),
    'a target': (word) => named({ name: word, description: 'x' }),
    'an index': (word) => named({ name: 'x', index: word, description: 'x' }),
    'a name in pylock.toml': (word) => lock('pylock.toml', pylock({ name: toml(word) })),
    'a version in pylock.toml': (word) => lock('pylock.toml', pylock({ version: toml(word) })),
    'a marker in pylock.toml': (word) => lock('pylock.toml', pylock({ marker: toml(`os_name == "${word}"`) })),
    'anything in pylock.toml': (word) => lock('pylock.toml', pylock({ name: `"${word}"` })),
    'a name in poetry.lock': (word) => lock('poetry.lock', poetry({ name: toml(word) })),
    'a version in poetry.lock': (word) => lock('poetry.lock', poetry({ version: toml(word) })),
    'a group in poetry.lock': (word) => lock('poetry.lock', poetry({ group: toml(word) })),
    'a name in Pipfile.lock': (word) => lock('Pipfile.lock', pipfile(word, '==1.0')),
    'a version in Pipfile.lock': (word) => lock('Pipfile.lock', pipfile('numpy', `==${word}`)),
    'a name in uv.lock': (word) => lock('uv.lock', uvLock({ name: toml(word) })),
    'a folder in uv.lock': (word) => lock('uv.lock', uvLock({ path: toml(word) })),
    'a Python in uv.lock': (word) => lock('uv.lock', uvLock({ python: toml(word) })),
    'a line of requirements.txt': (word) => lock('requirements.txt', `numpy==1.0 --hash=sha256:${digest}\n${word}\n`),
    'a file’s name': (word) => lock(word, pylock({})),
    'a Python’s path': (word) => python({}, `/${word}`),
    'a Python’s version': (word) => python({ version: word }),
    'a Python’s version without tags': (word) => python({ version: word, tags: [] }),
    'a Python’s platform': (word) => python({ platform: word }),
    'a Python’s implementation': (word) => python({ implementation: word }),
    'a tag': (word) => python({ tags: [word] }),
    'a release of a pod': (word) => python({ freeze: [`numpy==${word}`, word] }),
    'a libc': (word) => takePod(['libc', [word]], ...pythonSections('/p', { platform: 'linux-x86_64' })),
    'an architecture of a pod': (word) =>
      takePod(['architecture', [word]], ['apt-sources x', ['deb http://archive.example/debian stable main']]),
    'an address of a source': (word) => sources(`deb http://archive.example/debian${word} stable main`),
    'a suite of a source': (word) => sources(`deb http://archive.example/debian ${word} main`),
    'a component of a source': (word) => sources(`deb http://archive.example/debian stable ${word}`),
    'an option of a source': (word) => sources(`deb [${word}] http://archive.example/debian stable main`),
    'a line of sources': (word) => sources(`deb http://archive.example/debian stable main\n${word}`),
    'a field of a source': (word) =>
      sources(`Types: deb\nURIs: http://archive.example/debian\nSuites: stable\nComponents: main\n${word}`),
    'a preference of apt': (word) =>
      takePod(
        ...system,
        ['apt-sources x', ['deb http://archive.example/debian stable main']],
        ['apt-preferences x', word.split('\n')],
      ),
    'apt’s configuration': (word) =>
      takePod(
        ...system,
        ['apt-sources x', ['deb http://archive.example/debian stable main']],
        ['apt-config', word.split('\n')],
      ),
  }
  const slots = Object.entries(ways).map(([name, way]): Slot => ({
    name,
    async feed(word) {
      current = `${name}: ${word}`
      try {
        await way(word)
      } catch (error) {
        if ((error as Error).name !== 'AirlockError') complain(`${String(error)}, which is no refusal,`)
      }
    },
  }))
  return { slots, started: () => started, faults }
}

/** Feeds so many words by chance, each to a place by chance; the same ones each time. */
export async function feedByChance({ slots }: Rig, count: number): Promise<void> {
  const fed = fc.tuple(fc.constantFrom(...slots), fuzzedWord)
  for (const [{ feed }, word] of fc.sample(fed, { numRuns: count, seed: 9 })) await feed(word)
}

function pylock({ name = '"numpy"', version = '"1.0"', marker = '"os_name == \'posix\'"' }): string {
  return `lock-version = "1.0"\n[[packages]]\nname = ${name}\nversion = ${version}\nmarker = ${marker}\nwheels = [{ hashes = { sha256 = "${digest}" } }]\n`
}

function poetry({ name = '"numpy"', version = '"1.0"', group = '"main"' }): string {
  return `[[package]]\nname = ${name}\nversion = ${version}\ngroups = [${group}]\nmarkers = {${group} = "os_name == 'posix'"}\nfiles = [{file = "x", hash = "sha256:${digest}"}]\n[metadata]\nlock-version = "2.1"\n`
}

function pipfile(name: string, version: string): string {
  return JSON.stringify({ _meta: {}, default: { [name]: { version, hashes: [`sha256:${digest}`] } } })
}

function uvLock({ name = '"demo"', path = '"part"', python = '">=3.8"' }): string {
  return `version = 1\nrequires-python = ${python}\n[[package]]\nname = ${name}\nversion = "0"\nsource = { virtual = ${path} }\n`
}
