import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { temporaryFolder } from '../support/folders.ts'
import { airlock, fakeConsole } from './console.ts'

const run = promisify(execFile)
const main = fileURLToPath(new URL('../../client/cli/main.ts', import.meta.url))
const target = (name: string) => ({ name, ecosystem: 'pip', summary: 'x', source: 'x', index: 'x', facts: { a: [{}] } })

/** A shell that has evaluated the script, and completes lines with a command that asks `url`. */
async function shell(t: TestContext, url: string) {
  const { out } = await airlock('http://127.0.0.1:9', ['completion', 'bash'])
  const command = join(await temporaryFolder(t), 'airlock')
  await writeFile(command, `#!/bin/sh\nAIRLOCK_CONSOLE_URL=${url} exec ${process.execPath} ${main} "$@"\n`, {
    mode: 0o755,
  })
  return async (...words: string[]): Promise<string[]> => {
    const ask = `${out}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _airlock; printf '%s\\n' "\${COMPREPLY[@]}"`
    const { stdout } = await run('bash', ['-c', ask, 'bash', command, ...words])
    return stdout.split('\n').filter(Boolean)
  }
}

test('commands, their subcommands and their options are completed, and nobody is asked', async (t) => {
  const { url, asked } = await fakeConsole(t, {})
  const complete = await shell(t, url)
  const first = await complete('')
  for (const command of [
    'request',
    'status',
    'packages',
    'withdraw',
    'verify',
    'serve',
    'doctor',
    'config',
    'completion',
  ])
    assert.ok(first.includes(command), command)
  assert.equal(new Set(first).size, first.length)
  assert.deepEqual(await complete('re'), ['request', 'retry', 'rebuild', 'restore'])
  assert.deepEqual(await complete('request', 'a'), ['apt'])
  assert.deepEqual(await complete('request', 'pip', 'numpy', '--re'), ['--requester', '--refresh'])
  assert.deepEqual(await complete('request', 'apt', '--con'), [], 'constraints are pip’s')
  assert.deepEqual(await complete('packages', 'p'), ['pip'])
  assert.deepEqual(await complete('config', 'e'), ['explain'])
  assert.deepEqual(await complete('config', 'explain', '--j'), ['--json'])
  assert.deepEqual(await complete('restore', '--'), ['--force', '--help'])
  assert.deepEqual(await complete('completion', 'z'), ['zsh'])
  assert.deepEqual(await complete('staus', 're'), [], 'behind an unknown command nothing is known')
  assert.deepEqual(asked, [])
})

test('targets are asked of the console at the moment that somebody completes one', async (t) => {
  const body = JSON.stringify({ targets: [target('py38'), target('default'), target('py311'), target('py38')] })
  const { url, asked } = await fakeConsole(t, { 'GET /api/targets': { body } })
  const complete = await shell(t, url)
  assert.deepEqual(await complete('request', 'pip', 'numpy', '--target', 'py'), ['py311', 'py38'])
  assert.deepEqual(
    asked.map(({ line }) => line),
    ['GET /api/targets'],
  )
})

test('where no console answers no target is offered, and nothing is said', async (t) => {
  const { url, stop } = await fakeConsole(t, {})
  await stop()
  assert.deepEqual(await (await shell(t, url))('request', 'pip', 'numpy', '--target', ''), [])
})

test('files are left to the shell', async (t) => {
  const complete = await shell(t, 'http://127.0.0.1:9')
  assert.deepEqual(await complete('request', 'pip', '-r', ''), [])
  const { out } = await airlock('http://127.0.0.1:9', ['completion', 'bash'])
  assert.match(out, /\ncomplete -o default -F _airlock airlock\n$/)
})

test('zsh is given the same by its own bridge', async () => {
  const of = async (name: string) => (await airlock('http://127.0.0.1:9', ['completion', name])).out
  const zsh = await of('zsh')
  assert.match(
    zsh,
    /^#compdef airlock\nautoload -U \+X compinit && compinit\nautoload -U \+X bashcompinit && bashcompinit\n/,
  )
  assert.ok(zsh.endsWith(await of('bash')))
})
