import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../support/folders.ts'

const project = fileURLToPath(new URL('../..', import.meta.url))

/** A project with the scripts of this one, what they installed, and the given tests. */
async function projectWith(t: TestContext, tests: Readonly<Record<string, string>>) {
  const folder = await temporaryFolder(t)
  for (const name of [
    'scripts',
    'package.json',
    'package-lock.json',
    '.npmrc',
    'test/support/guard.ts',
    'test/support/tally.ts',
  ]) {
    await cp(join(project, name), join(folder, name), { recursive: true })
  }
  for (const name of ['node_modules', '.tools']) await symlink(join(project, name), join(folder, name))
  for (const [name, body] of Object.entries(tests)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(
      join(folder, name),
      `import assert from 'node:assert/strict'\nimport { test } from 'node:test'\n${body}\n`,
    )
  }
  return (args: readonly string[] = [], env: NodeJS.ProcessEnv = {}) => {
    const { promise, resolve } = Promise.withResolvers<{ status: number; output: string }>()
    const child = execFile(
      'sh',
      ['scripts/test', ...args],
      { cwd: folder, env: { ...process.env, ...env } },
      (_, stdout, stderr) => resolve({ status: child.exitCode ?? -1, output: stdout + stderr }),
    )
    return promise
  }
}

const passing = `test('passes', () => assert.ok(true))`

test('tests that pass end well, and live ones are not among them', async (t) => {
  const run = await projectWith(t, {
    'test/pip/a.test.ts': passing,
    'test/live/b.test.ts': `test('goes out', () => assert.fail('ran'))`,
    'test/pod/c.test.ts': `test('goes out too', () => assert.fail('ran'))`,
  })
  const { status, output } = await run()
  assert.match(output, /pass 1/)
  assert.doesNotMatch(output, /goes out/)
  assert.equal(status, 0)
})

test('a test that fails ends the run with a failure', async (t) => {
  const run = await projectWith(t, { 'test/pip/a.test.ts': `test('fails', () => assert.fail('on purpose'))` })
  assert.notEqual((await run()).status, 0)
})

test('a file in which no test ran is a failure', async (t) => {
  const run = await projectWith(t, { 'test/pip/a.test.ts': passing, 'test/pip/b.test.ts': 'test; assert' })
  const { status, output } = await run()
  assert.match(output, /test\/pip\/b\.test\.ts has no test/)
  assert.notEqual(status, 0)
})

test('skipped tests are named with their reason, and do not count as run', async (t) => {
  const run = await projectWith(t, {
    'test/pip/a.test.ts': `test('is left out', { skip: 'no such machine' }, () => assert.ok(true))`,
  })
  const { status, output } = await run()
  assert.match(output, /not run \(1\):\n {2}is left out: no such machine\nno test ran/)
  assert.notEqual(status, 0)
})

test('an area without tests and an unknown area are failures', async (t) => {
  const run = await projectWith(t, { 'test/pip/a.test.ts': passing, 'test/apt/notes.md': '' })
  for (const area of ['apt', 'conda']) {
    const { status, output } = await run([area])
    assert.match(output, new RegExp(`There are no tests in test/${area}`))
    assert.equal(status, 1)
  }
})

test('one area or one file can be asked for', async (t) => {
  const run = await projectWith(t, {
    'test/pip/a.test.ts': passing,
    'test/apt/b.test.ts': `test('fails', () => assert.fail('not asked for'))`,
  })
  assert.equal((await run(['pip'])).status, 0)
  assert.equal((await run(['test/pip/a.test.ts'])).status, 0)
})

test('what the shell happens to set reaches no test, but the certificates do', async (t) => {
  const run = await projectWith(t, {
    'test/pip/a.test.ts': `test('sees', () => {
      const { env } = process
      const seen = ['PIP_INDEX_URL', 'UV_INDEX', 'AIRLOCK_ROOT', 'LC_ALL', 'npm_config_registry', 'ftp_proxy'].filter((name) => name in env)
      assert.deepEqual(seen, [])
      assert.equal(env.http_proxy, 'http://127.0.0.1:9')
      assert.equal(env.NODE_EXTRA_CA_CERTS, '/nonexistent/certificates.pem')
    })`,
  })
  const { status, output } = await run([], {
    PIP_INDEX_URL: 'http://index.example/simple/',
    UV_INDEX: 'http://index.example/simple/',
    AIRLOCK_ROOT: '/nonexistent',
    LC_ALL: 'C.UTF-8',
    npm_config_registry: 'http://registry.example/',
    ftp_proxy: 'http://proxy.example/',
    NODE_EXTRA_CA_CERTS: '/nonexistent/certificates.pem',
  })
  assert.equal(status, 0, output)
})

test('a test that swallows the guard’s refusal fails all the same', async (t) => {
  const run = await projectWith(t, {
    'test/pip/a.test.ts': `test('asks', async () => { await fetch('http://192.0.2.1/').catch(() => {}) })`,
  })
  const { status, output } = await run()
  assert.match(output, /a test may not reach 192\.0\.2\.1/)
  assert.notEqual(status, 0)
})

test('temporary folders go with the run', async (t) => {
  const run = await projectWith(t, {
    'test/pip/a.test.ts': `import { mkdtempSync } from 'node:fs'
      test('leaves one', () => assert.ok(mkdtempSync(process.env.TMPDIR + '/left-')))`,
  })
  const folder = await temporaryFolder(t)
  assert.equal((await run([], { TMPDIR: folder })).status, 0)
  assert.deepEqual(await readdir(folder), [])
})
