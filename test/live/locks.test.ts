/** Locks that the tools themselves make of a small project: they go in, install, and turn into a pod's and back. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { runChild } from '../../server/child.ts'
import { askInterpreter } from '../../server/pip/interpreter.ts'
import type { RequestView } from '../../server/contract.ts'
import { startAirlock, type Airlock } from '../support/airlock.ts'
import { hostPython, pipInstall, uv } from '../support/clients.ts'
import { temporaryFolder } from '../support/folders.ts'

const run = promisify(execFile)
const project = fileURLToPath(new URL('../..', import.meta.url))
const command = join(project, 'scripts/airlock')
const needs = ['click>=8', 'httpx>=0.27', "colorama>=0.4; sys_platform == 'win32'"]
const pyproject = `[project]\nname = "demo"\nversion = "0.1.0"\nrequires-python = ">=3.11,<4"\ndependencies = ${JSON.stringify(needs)}\n`

type Tool = {
  readonly file: string
  /** Of PyPI, with its command; absent: uv, which is here. */
  readonly package?: string
  readonly files: (index: string) => Readonly<Record<string, string>>
  readonly line: readonly string[]
}

const tools: Readonly<Record<string, Tool>> = {
  uv: { file: 'uv.lock', files: () => ({ 'pyproject.toml': pyproject }), line: [uv, 'lock', '--system-certs'] },
  'uv for PEP 751': {
    file: 'pylock.toml',
    files: () => ({ 'in.txt': needs.join('\n') }),
    line: [uv, 'pip', 'compile', '--universal', '--system-certs', '--quiet', 'in.txt', '-o', 'pylock.toml'],
  },
  'uv for pip': {
    file: 'requirements.txt',
    files: () => ({ 'in.txt': needs.join('\n') }),
    line: [
      uv,
      'pip',
      'compile',
      '--universal',
      '--generate-hashes',
      '--system-certs',
      '--quiet',
      'in.txt',
      '-o',
      'requirements.txt',
    ],
  },
  poetry: {
    file: 'poetry.lock',
    package: 'poetry==2.*',
    files: (index) => ({
      'pyproject.toml': `${pyproject}[tool.poetry]\npackage-mode = false\n[[tool.poetry.source]]\nname = "upstream"\nurl = "${index}"\npriority = "primary"\n`,
    }),
    line: ['poetry', 'lock', '--no-interaction'],
  },
  pipenv: {
    file: 'Pipfile.lock',
    package: 'pipenv',
    files: (index) => ({
      Pipfile: `[[source]]\nname = "upstream"\nurl = "${index}"\nverify_ssl = true\n[packages]\nclick = ">=8"\nhttpx = ">=0.27"\n`,
    }),
    line: ['pipenv', 'lock'],
  },
}

let airlock: Airlock
let index: string
let settings: NodeJS.ProcessEnv

before(async () => {
  airlock = await startAirlock({ live: true })
  settings = { ...process.env, AIRLOCK_CONSOLE_URL: airlock.consoleUrl, LC_ALL: 'C.UTF-8', PIPENV_VERBOSITY: '-1' }
  const { index: found } = await askInterpreter({
    run: runChild,
    env: process.env,
    given: hostPython().path,
    project,
    signal: AbortSignal.timeout(60_000),
  })
  index = found.url!
})
after(() => airlock?.close())

for (const [name, tool] of Object.entries(tools))
  test(
    `${tool.file} of ${name} goes in, installs, and turns into a pod’s and back`,
    { timeout: 280_000 },
    async (t) => {
      const folder = await temporaryFolder(t)
      const home = join(folder, 'project')
      await mkdir(home)
      const bin = join(folder, 'env/bin')
      if (tool.package) {
        await run(hostPython().path, ['-m', 'venv', join(folder, 'env')])
        await run(join(bin, 'pip'), ['install', '--quiet', tool.package])
      }
      for (const [file, content] of Object.entries(tool.files(index))) await writeFile(join(home, file), content)
      const [program, ...args] = tool.line
      const env = { ...settings, UV_DEFAULT_INDEX: index, PIPENV_IGNORE_VIRTUALENVS: '1', HOME: folder }
      await run(tool.package ? join(bin, program!) : program!, args, { cwd: home, env })
      const lock = join(home, tool.file)
      const made = await readFile(lock, 'utf8')

      const asked = await run(command, ['request', 'pip', '--lock', lock, '--wait', '--json'], { env: settings })
      const [request] = (JSON.parse(asked.stdout) as { requests: RequestView[] }).requests
      assert.equal(request!.state, 'ready')
      const lines = join(airlock.root, 'pip/requests', String(request!.id), 'requirements.txt')
      const locked = ['--no-deps', '--require-hashes', '--index-url', airlock.indexUrl, '-r', lines]
      const { status, output, releases } = await pipInstall(locked)
      assert.equal(status, 0, output)
      for (const installed of ['click', 'httpx', 'httpcore', 'idna']) {
        const version = releases[installed]
        assert.ok(version !== undefined && made.includes(version), `${installed} ${version ?? 'is missing'}`)
      }
      assert.equal(releases['colorama'], undefined)

      const pods = (await run(command, ['lock', 'to-airlock', lock], { env: settings })).stdout
      if (made.includes('://')) assert.ok(pods.includes(airlock.mirrorUrl))
      await writeFile(lock, pods)
      assert.equal((await run(command, ['lock', 'to-upstream', lock], { env: settings })).stdout, made)
    },
  )
