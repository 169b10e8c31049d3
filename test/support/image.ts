/**
 * An image's Dockerfile carried out without an engine: each stage is an overlay over the one before, each RUN a shell in
 * that root, each COPY a copy of what .dockerignore lets in. Needs root.
 *
 *   const image = await buildImage(t, { project, base: await cleanRoot('bookworm'), furnish })
 *   image.root        the last stage's root, mounted until the test ends
 *   image.env, image.user, image.entrypoint, …   what its last stage declares
 */
import { execFile } from 'node:child_process'
import { cp, mkdir, readFile, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'
import { createIgnore, parseDockerfile, variablesOf, type BuildStage, type Step } from './dockerfile.ts'
import { temporaryFolder } from './folders.ts'

const execute = promisify(execFile)
const usual = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' }

export type Image = {
  readonly root: string
  readonly env: Readonly<Record<string, string>>
  readonly user: string
  readonly cwd: string
  readonly volumes: readonly string[]
  readonly healthcheck: readonly string[]
  readonly entrypoint: readonly string[]
  readonly command: readonly string[]
}

export type BuildOptions = {
  /** The build's context, with deploy/Dockerfile and .dockerignore. */
  readonly project: string
  /** What the outermost FROM stands for; stays as it is. */
  readonly base: string
  /** What the organisation has put into its base image. */
  readonly furnish: (root: string) => Promise<void>
  /** Given to RUN alone, as --build-arg gives proxies. */
  readonly buildEnv: Readonly<Record<string, string>>
  readonly say: (line: string) => void
}

type Built = Omit<Image, 'root'> & { readonly root: string; readonly layers: readonly string[] }

export async function buildImage(t: TestContext, options: BuildOptions): Promise<Image> {
  const { project, base, furnish } = options
  const stages = parseDockerfile(await readFile(join(project, 'deploy/Dockerfile'), 'utf8'), { BASE: 'the base' })
  const lets = createIgnore(await readFile(join(project, '.dockerignore'), 'utf8'))
  const mounted: string[] = []
  // before the folder goes: hooks run in the order of their registration
  t.after(async () => {
    for (const place of mounted) await execute('umount', [place])
  })
  const folder = await temporaryFolder(t)
  const built = new Map<string, Built>()
  let last: Built | null = null

  async function mountOver(layers: readonly string[], name: string): Promise<Pick<Built, 'root' | 'layers'>> {
    const [root, upper, work] = ['root', 'upper', 'work'].map((kind) => join(folder, name, kind)) as [
      string,
      string,
      string,
    ]
    for (const place of [root, upper, work]) await mkdir(place, { recursive: true })
    const how = `lowerdir=${layers.join(':')},upperdir=${upper},workdir=${work}`
    await execute('mount', ['-t', 'overlay', 'overlay', '-o', how, root])
    mounted.unshift(root)
    return { root, layers: [upper, ...layers] }
  }

  async function carryOut(stage: BuildStage, at: number): Promise<Built> {
    const from = built.get(stage.from)
    if (!from && stage.from !== 'the base') throw new Error(`FROM ${stage.from}: there is no such stage`)
    const place = await mountOver(from?.layers ?? [base], String(at))
    if (!from) await furnish(place.root)
    const declared = { volumes: [], healthcheck: [], entrypoint: [], command: [] }
    let now: Built = { env: usual, user: '0:0', cwd: '/', ...declared, ...from, ...place }
    for (const step of stage.steps) {
      const begun = performance.now()
      now = await take(step, now)
      const took = ((performance.now() - begun) / 1000).toFixed(1)
      if (step.keyword === 'RUN' || step.keyword === 'COPY')
        options.say(`${took} s  ${step.keyword} ${step.text.slice(0, 80)}`)
    }
    return now
  }

  async function take(step: Step, image: Built): Promise<Built> {
    const list = step.list ?? step.text.split(' ')
    switch (step.keyword) {
      case 'RUN':
        await runIn(image, step.text, { ...options.buildEnv, HOME: '/root', ...image.env })
        return image
      case 'COPY':
        await copyIn(step, image)
        return image
      case 'ENV':
        return { ...image, env: { ...image.env, ...variablesOf(step) } }
      case 'WORKDIR':
        await mkdir(join(image.root, step.text), { recursive: true })
        return { ...image, cwd: step.text }
      case 'USER':
        return { ...image, user: step.text }
      case 'VOLUME':
        return { ...image, volumes: list }
      case 'HEALTHCHECK':
        return { ...image, healthcheck: list }
      case 'ENTRYPOINT':
        return { ...image, entrypoint: list }
      case 'CMD':
        return { ...image, command: list }
      default:
        return image
    }
  }

  async function copyIn({ text, flags }: Step, image: Built): Promise<void> {
    const words = text.split(' ')
    const to = resolve('/', image.cwd, words.pop()!)
    for (const word of words) {
      const source = join(flags['from'] === undefined ? project : built.get(flags['from'])!.root, word)
      const isFolder = (await stat(source)).isDirectory()
      const place = join(image.root, isFolder ? to : join(to, basename(word)))
      await mkdir(dirname(place), { recursive: true })
      const filter = (path: string) => flags['from'] !== undefined || path === project || lets(relative(project, path))
      await cp(source, place, { recursive: true, filter, verbatimSymlinks: true })
    }
  }

  for (const [at, stage] of stages.entries()) {
    last = await carryOut(stage, at)
    if (stage.name !== null) built.set(stage.name, last)
  }
  return last!
}

/** By a shell in the image, as its user of the moment, with the machine's name service and devices, as engines do. */
async function runIn({ root, cwd, user }: Built, line: string, env: Readonly<Record<string, string>>): Promise<void> {
  const script = `
    mount -t proc proc "$1/proc"
    mount --rbind /dev "$1/dev"
    touch "$1/etc/resolv.conf"
    mount --bind /etc/resolv.conf "$1/etc/resolv.conf"
    exec chroot --userspec="$2" "$1" sh -c 'cd "$1" && exec sh -c "$2"' sh "$3" "$4"`
  const args = ['--mount', '--propagation', 'private', 'sh', '-ec', script, 'sh', root, user, cwd, line]
  await execute('unshare', args, { env, maxBuffer: 1 << 26 }).catch(
    (error: Error & { stdout?: string; stderr?: string }) => {
      throw new Error(`RUN ${line}\n${error.stdout}${error.stderr}`, { cause: error })
    },
  )
}

/** Bytes of a folder, links not followed. */
export async function sizeOf(folder: string): Promise<number> {
  const { stdout } = await execute('du', ['--summarize', '--bytes', '--one-file-system', folder])
  return Number(stdout.split('\t')[0])
}
