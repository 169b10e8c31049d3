/** uv.lock, which only uv can read for one environment: it says itself which release is wanted where. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { RunChild } from '../child.ts'
import { lockWords, refuseLock, type Pin } from './lock-pins.ts'
import { inWorkFolder, type Work } from './work-folder.ts'

const source = z.looseObject({
  registry: z.string().optional(),
  virtual: z.string().optional(),
  editable: z.string().optional(),
  directory: z.string().optional(),
})
const schema = z.object({
  version: z.number(),
  'requires-python': z.string(),
  manifest: z.looseObject({ members: z.array(z.string()).default([]) }).optional(),
  package: z.array(z.looseObject({ name: z.string(), source })).default([]),
})

type Deps = Work & {
  readonly run: RunChild
  readonly uv: string
}

const command =
  'export --frozen --offline --no-config --no-header --no-annotate --no-emit-workspace --no-python-downloads --quiet'
const everything = ['--all-extras', '--all-groups']
const timeout = 60_000

export function createReadUvLock({ run, uv, ...workFolder }: Deps) {
  return async function readUvLock(file: string, text: string, content: unknown): Promise<Pin[]> {
    const lock = schema.parse(content)
    const own = lock.package.filter((one) => one.source.virtual !== undefined || one.source.editable !== undefined)
    const strange = lock.package.find((one) => one.source.registry === undefined && !own.includes(one))
    if (strange) refuseLock(file, lockWords.source(strange.name), lockWords.leaveOut)
    if (own.length === 0) refuseLock(file, lockWords.empty, lockWords.again)
    return inWorkFolder(workFolder, 'lock-', async (folder) => {
      await writeFile(join(folder, 'uv.lock'), text)
      await writeProjects(
        folder,
        lock['requires-python'],
        own.map((one) => ({ name: one.name, path: pathOf(file, one) })),
      )
      // extras that exclude each other cannot be had at once: then what is installed without any
      const requirements = await exported(folder, everything).catch(() => exported(folder, []))
      return pinsOf(requirements)
    }).catch((error: unknown) => {
      if (!(error instanceof ExportFailed)) throw error
      return refuseLock(file, lockWords.unreadable(error.message), lockWords.again)
    })
  }

  async function exported(folder: string, more: readonly string[]): Promise<string> {
    const output = join(folder, 'requirements.txt')
    const args = [
      ...command.split(' '),
      '--all-packages',
      ...more,
      '--format',
      'requirements-txt',
      '--output-file',
      output,
    ]
    const env = {
      PATH: '/usr/bin:/bin',
      HOME: folder,
      TMPDIR: folder,
      UV_CACHE_DIR: join(folder, 'cache'),
      LC_ALL: 'C.UTF-8',
    }
    const { status, stderr } = await run(uv, args, { env, cwd: folder, signal: AbortSignal.timeout(timeout) })
    if (status !== 0) throw new ExportFailed(stderr.replaceAll(folder, '').trim().slice(0, 500))
    return readFile(output, 'utf8')
  }
}

class ExportFailed extends Error {}

/** Where a project of the lock's own lies. */
function pathOf(
  file: string,
  { name, source }: { name: string; source: z.infer<typeof schema>['package'][number]['source'] },
): string {
  const path = source.virtual ?? source.editable ?? '.'
  const isInside = path.length <= 500 && path.split('/').every((segment) => /^[A-Za-z0-9_][\w.-]{0,99}$/.test(segment))
  return path === '.' || isInside ? path : refuseLock(file, lockWords.source(name), lockWords.leaveOut)
}

/** The projects that the lock was made for, as far as uv looks at them: their names, and where each lies. */
async function writeProjects(
  folder: string,
  python: string,
  projects: readonly { name: string; path: string }[],
): Promise<void> {
  const members = projects.filter(({ path }) => path !== '.').map(({ path }) => path)
  const workspace = members.length === 0 ? '' : `[tool.uv.workspace]\nmembers = ${JSON.stringify(members)}\n`
  const root = projects.find(({ path }) => path === '.')
  const head = ({ name }: { readonly name: string }) =>
    `[project]\nname = ${JSON.stringify(name)}\nversion = "0"\nrequires-python = ${JSON.stringify(python)}\n`
  await writeFile(join(folder, 'pyproject.toml'), (root ? head(root) : '') + workspace)
  for (const project of projects) {
    if (project.path === '.') continue
    await mkdir(join(folder, project.path), { recursive: true })
    await writeFile(join(folder, project.path, 'pyproject.toml'), head(project))
  }
}

/** uv's own words: `name==version ; marker \` and a line a hash. */
function pinsOf(requirements: string): Pin[] {
  const pins: { name: string; version: string; marker: string | null; hashes: string[] }[] = []
  for (const line of requirements.split('\n')) {
    const [, name, version, marker = null] = /^([A-Za-z0-9][\w.-]*)==(\S+?)(?: ; (.*?))?(?: \\)?$/.exec(line) ?? []
    if (name !== undefined && version !== undefined) pins.push({ name, version, marker, hashes: [] })
    const [, hash] = /^ {4}--hash=(\S+?)(?: \\)?$/.exec(line) ?? []
    if (hash !== undefined) pins.at(-1)?.hashes.push(hash)
  }
  return pins
}
