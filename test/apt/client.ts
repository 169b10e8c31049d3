/** A real apt as a pod's, in a root of its own, whose only source is what Airlock published. */
import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'
import { temporaryFolder } from '../support/folders.ts'
import type { AptAirlock } from './airlock.ts'

const run = promisify(execFile)

export type Client = Awaited<ReturnType<typeof createClient>>

/** `sources` in deb822; else the tree of `default` by `file:`. Throws with apt's words where the update fails. */
export async function createClient(t: TestContext, { root }: Pick<AptAirlock, 'root'>, sources?: string) {
  const folder = await temporaryFolder(t)
  for (const name of [
    'etc/sources.list.d',
    'etc/preferences.d',
    'etc/trusted.gpg.d',
    'etc/apt.conf.d',
    'state/lists/partial',
    'cache/archives/partial',
    'log',
  ])
    await mkdir(join(folder, name), { recursive: true })
  await writeFile(join(folder, 'status'), '')
  const own = `Types: deb\nURIs: file:${root}/apt/\nSuites: default/\nSigned-By: ${root}/homepod/airlock.asc\n`
  await writeFile(join(folder, 'etc/sources.list.d/airlock.sources'), sources ?? own)
  const settings = {
    Dir: `${folder}/`,
    'Dir::Etc': 'etc/',
    'Dir::State': 'state/',
    'Dir::State::status': join(folder, 'status'),
    'Dir::Cache': 'cache/',
    'Dir::Log': 'log/',
    'APT::Architecture': 'amd64',
    'APT::Sandbox::User': 'root',
    'Acquire::Languages': 'none',
    'Acquire::Check-Valid-Until': 'true',
    'Acquire::Check-Date': 'true',
    'Acquire::Retries': '0',
    'Acquire::http::AllowRedirect': 'false',
  }
  const conf = join(folder, 'apt.conf')
  await writeFile(
    conf,
    Object.entries(settings)
      .map(([name, value]) => `${name} "${value}";\n`)
      .join(''),
  )
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8', APT_CONFIG: conf }

  async function apt(...args: readonly string[]): Promise<string> {
    try {
      const { stdout, stderr } = await run('apt-get', [...args], { env, cwd: folder })
      return stdout + stderr
    } catch (error) {
      const { stdout, stderr } = error as { stdout: string; stderr: string }
      throw new Error(`${stdout}${stderr}`, { cause: error })
    }
  }

  const client = {
    folder,
    apt,
    update: () => apt('-eany', '-q', 'update'),
    simulate: (...roots: readonly string[]) => apt('-s', '-y', '-q', '--no-remove', 'install', ...roots),
    /** Fetches and verifies without installing. */
    download: (...roots: readonly string[]) => apt('-y', '-q', '--no-remove', '--download-only', 'install', ...roots),
  }
  await client.update()
  return client
}
