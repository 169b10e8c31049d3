/** What the tree's folder `homepod/` holds, and that the script is whole in one file, whoever fetches it. */
import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { chmod, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { assembleScript } from '../../server/homepod.ts'
import { temporaryFolder } from '../support/folders.ts'
import { homepodFolder, makePod, makeTree } from './pod.ts'
import { startFolder } from './web.ts'

test('the script is one file, with every part in it, and its checker finds nothing', async (t) => {
  const script = assembleScript(homepodFolder)
  assert.doesNotMatch(script, /\$here\/setup\//)
  assert.ok(script.startsWith('#!/bin/sh\n'))
  assert.ok(script.endsWith('main "$@"\n'))
  const file = join(await temporaryFolder(t), 'setup.sh')
  await writeFile(file, script)
  execFileSync('shellcheck', [file, join(homepodFolder, 'apt-hook')])
})

test('a copy that was cut short does nothing, wherever it was cut', async (t) => {
  const script = assembleScript(homepodFolder)
  const tree = await makeTree(t)
  const pod = await makePod(t, { 'etc/pip.conf': 'x' })
  const before = await pod.photograph()
  const folder = await temporaryFolder(t)
  for (let at = 0; at < 24; at++) {
    // the last cut is within the last line
    const length = at === 23 ? script.length - 'n "$@"\n'.length : Math.floor((script.length * at) / 24)
    await writeFile(join(folder, 'cut.sh'), script.slice(0, length))
    await pod.run(join(folder, 'cut.sh'), [tree])
    assert.deepEqual(await pod.photograph(), before, `cut at ${length}`)
  }
})

test('what it reads of this Airlock is one fact a line', async (t) => {
  const tree = await makeTree(t, { targets: ['pip default simple', 'pip cuda cu121', 'apt trixie trixie'] })
  assert.equal(
    await readFile(join(tree, 'homepod/targets'), 'utf8'),
    `airlock 1
console http://airlock.example:8081
pip default simple a kind of pip
pip cuda cu121 a kind of pip
apt trixie trixie a kind of apt
`,
  )
  const quiet = await makeTree(t, { consoleUrl: null, targets: [] })
  assert.equal(await readFile(join(quiet, 'homepod/targets'), 'utf8'), 'airlock 1\n')
})

const basics =
  'awk basename cat chmod cksum cp cut dirname env grep head id ln ls mkdir mktemp mv readlink rm rmdir sed sort tail tr uname wc'

for (const fetcher of ['python3', 'curl', 'wget', 'apt-helper'] as const) {
  test(`fetched as one file it gets the rest with ${fetcher} alone`, async (t) => {
    const asked: string[] = []
    const url = await startFolder(t, await makeTree(t), asked)
    const pod = await makePod(t)
    const bin = join(pod.root, 'bin')
    await mkdir(bin)
    const apt = fetcher === 'apt-helper' ? ['dpkg', 'apt-get', 'apt-config'] : []
    const names = [...basics.split(' '), ...apt, ...(fetcher === 'apt-helper' ? [] : [fetcher])]
    for (const name of names) {
      const path = `/usr/bin/${name}`
      if (!(await stat(path).catch(() => null))) return t.skip(`this machine has no ${name}`)
      await symlink(path, join(bin, name))
    }
    const script = join(pod.root, 'setup.sh')
    await writeFile(script, assembleScript(homepodFolder))
    // a proxy that nobody is at must not be asked
    const env = { PATH: bin, http_proxy: 'http://127.0.0.1:9', HTTP_PROXY: 'http://127.0.0.1:9' }
    const said = await pod.run(script, [url], { env, shell: ['/usr/bin/dash'] })
    assert.equal(said.status, 0, said.stderr)
    assert.match(await pod.read('etc/pip.conf'), new RegExp(`index-url = ${url}/pip/simple/`))
    assert.ok(asked.includes('/homepod/targets'))
    assert.equal(await pod.exists('etc/apt/sources.list.d/airlock.sources'), fetcher === 'apt-helper')
  })
}

test('the lines by which it is fetched without curl are right', async (t) => {
  const url = await startFolder(t, await makeTree(t))
  const folder = await temporaryFolder(t)
  await chmod(folder, 0o755)
  const env = { PATH: '/usr/bin:/bin', HOME: folder }
  const script = assembleScript(homepodFolder)
  const run = promisify(execFile)
  for (const line of [
    `/usr/lib/apt/apt-helper -o Acquire::EnableSrvRecords=false download-file ${url}/homepod/setup.sh setup.sh`,
    `wget -q ${url}/homepod/setup.sh`,
    `python3 -c "import urllib.request as u; u.urlretrieve('${url}/homepod/setup.sh', 'setup.sh')"`,
  ]) {
    await run('dash', ['-c', `rm -f setup.sh; ${line}`], { cwd: folder, env })
    assert.equal(await readFile(join(folder, 'setup.sh'), 'utf8'), script, line)
  }
})
