/** setup.sh killed at a command by which it changes something. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { temporaryFolder } from '../support/folders.ts'
import { makePod, makeTree, type Pod } from './pod.ts'

const files = {
  'etc/pip.conf': '[global]\nindex-url = https://index.example/simple\n',
  'etc/apt/sources.list': 'deb http://archive.example/debian bookworm main\n',
}

/** Commands that count their calls, and kill their whole process group before the one that is due. */
async function killers(t: TestContext, commands: readonly string[]): Promise<string> {
  const folder = await temporaryFolder(t)
  for (const name of commands)
    await writeFile(
      join(folder, name),
      `#!/bin/sh
count=$(($(cat "$COUNTER") + 1))
echo "$count" >"$COUNTER"
[ "$count" != "$DUE" ] || kill -9 0
exec /bin/${name} "$@"
`,
      { mode: 0o755 },
    )
  return folder
}

/** Whether it was killed, rather than ending well. */
async function run(pod: Pod, tree: string, bin: string, due: number, args: readonly string[]): Promise<boolean> {
  const folder = join(bin, `run-${Math.random()}`)
  await mkdir(folder)
  await writeFile(join(folder, 'counter'), '0')
  const env = {
    PATH: `${bin}:/usr/sbin:/usr/bin:/sbin:/bin`,
    HOME: pod.home,
    LC_ALL: 'C.UTF-8',
    AIRLOCK_SETUP_ROOT: pod.root,
    PYENV_ROOT: '/nonexistent',
    TMPDIR: folder,
    COUNTER: join(folder, 'counter'),
    DUE: String(due),
  }
  const child = spawn('dash', [join(tree, 'homepod/setup.sh'), ...args], { env, detached: true, stdio: 'ignore' })
  const [status, signal] = (await once(child, 'exit')) as [number | null, string | null]
  await rm(folder, { recursive: true })
  if (signal === null) assert.equal(status, 0)
  return signal !== null
}

const changing = ['mv', 'rm', 'mkdir', 'rmdir', 'chmod', 'cp']

export type Kill = {
  /** Which of its commands are counted. */
  readonly commands?: readonly string[]
  readonly first?: number
  readonly stride?: number
  /** Whether set-up goes on before it is undone, by an undo that is killed too. */
  readonly again: boolean
}

/** Killed at every `stride`th command from `first` on, it is undone byte for byte. Returns how often it was killed. */
export async function killAt(t: TestContext, kill: Kill): Promise<number> {
  const { commands = changing, first = 1, stride = 1, again } = kill
  const tree = await makeTree(t)
  const bin = await killers(t, commands)
  for (let due = first, killed = 0; ; due += stride) {
    const pod = await makePod(t, files)
    const before = await pod.photograph()
    const cut = await run(pod, tree, bin, due, [])
    if (again) {
      await pod.setUp(tree)
      await run(pod, tree, bin, due, ['--undo'])
    }
    await pod.setUp(tree, ['--undo'])
    assert.deepEqual(await pod.photograph(), before, `killed at ${due}`)
    if (!cut) return killed
    killed++
  }
}
