/** Taking back, by the command line, on the real server in front of an archive that lies on loopback. */
import assert from 'node:assert/strict'
import { appendFile, chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import type { MaintenanceView, PackageView, RequestView } from '../../server/contract.ts'
import { airlock as command, zh } from '../cli/console.ts'
import { startAirlock, type Airlock } from '../support/airlock.ts'
import { startArchive, type Archive } from '../support/archive.ts'

let archive: Archive
let airlock: Airlock

before(async () => {
  archive = await startArchive()
  await archive.add({ name: 'aa', depends: 'libaa, common' }, { name: 'libaa' }, { name: 'common' })
  await archive.add({ name: 'bb', depends: 'common' }, { name: 'cc' })
  const apt = { architectures: ['amd64'], sources: archive.sources, status: 'none', updateAfter: 0 }
  airlock = await startAirlock({ config: { targets: { default: { apt } } } })
})

after(async () => {
  await airlock?.close()
  await archive?.close()
})

const run = (line: string, env = {}) => command(airlock.consoleUrl, line.split(' '), { every: 20, env })

async function published(): Promise<string[]> {
  const packages = await readFile(join(airlock.root, 'apt/default/Packages'), 'utf8')
  return [...packages.matchAll(/^Package: (.+)$/gm)].map(([, name]) => name!).toSorted()
}

test('what only a withdrawn package needed goes with it, the rest stays', async () => {
  assert.equal((await run('request apt aa --wait')).code, 0)
  assert.equal((await run('request apt bb cc --wait')).code, 0)
  const { code, out } = await run('withdraw apt aa --note unused --wait')
  assert.deepEqual([code, out], [0, 'Request 3 is done for default.\n'])
  assert.deepEqual(await published(), ['bb', 'cc', 'common'])
  const { requirements, requester, note, install } = await airlock.get(3)
  assert.deepEqual([requirements, requester, note, install], [['-aa'], 'alice', 'unused', ''])
  const said = async (id: number) => (await airlock.get(id)).remarks.map(({ code, fields }) => [code, fields['root']])
  assert.deepEqual(await said(1), [['root-withdrawn', 'aa']], 'who asked for it is told')
  assert.deepEqual(await said(2), [])
  const { neededBy } = await airlock.call<PackageView>('/api/packages/apt/common')
  assert.deepEqual(neededBy, ['bb'], 'what is gone needs nothing')
  assert.match((await run('status 3')).out, /State: +done\n  Asked for: +withdraw aa\n/)
  const list = (await run('status', zh)).out
  assert.match(list, /^3 +已完成 .*撤回 aa$/m)
  assert.match(list, /^1 +已撤回 .* aa$/m)
  const first = (await run('status 1', zh)).out
  assert.match(first, /aa 已从目标环境 default 撤回/)
  assert.doesNotMatch(first, /apt-get install/)
  assert.match((await run('status 2')).out, /apt-get install/)
})

test('what is withdrawn stays in the pool for a while and is not called a stranger there; what was put there is', async () => {
  const stranger = 'apt/pool/ab/stranger.deb'
  await mkdir(dirname(join(airlock.root, stranger)), { recursive: true })
  await writeFile(join(airlock.root, stranger), 'x')
  const verify = () => airlock.call<MaintenanceView>('/api/maintenance/verify', {})
  assert.deepEqual(await verify(), { checked: 5, written: 0, damaged: [], unknown: [stranger] })
  const pool = await readdir(join(airlock.root, 'apt/pool'), { recursive: true })
  const kept = `apt/pool/${pool.find((path) => /\/libaa_.*\.deb$/.test(path))}`
  await chmod(join(airlock.root, kept), 0o644)
  await appendFile(join(airlock.root, kept), 'rot')
  assert.deepEqual((await verify()).damaged, [kept])
})

test('a withdrawal is a request like others: named when it is taken, and shown without a line to install', async () => {
  const { code, out } = await run('withdraw apt cc')
  assert.equal(code, 0)
  assert.match(out, /^Request \d+ \(withdraw apt cc for default\): /)
  const id = Number(/\d+/.exec(out)![0])
  await airlock.ready(id)
  assert.deepEqual(await published(), ['bb', 'common'])
  assert.doesNotMatch((await run(`status ${id}`)).out, /In the pod/)
  const { requests } = await airlock.call<{ requests: RequestView[] }>('/api/requests')
  assert.deepEqual(
    requests.toReversed().map(({ install }) => install),
    ['', 'apt-get update && apt-get install bb', '', ''],
    'a list offers nobody what was taken back',
  )
})

test('what nobody asked for cannot be withdrawn, nor what only came along, and nothing is recorded', async () => {
  const count = async () => (await airlock.call<{ requests: object[] }>('/api/requests')).requests.length
  const earlier = await count()
  for (const name of ['common', 'absent', 'aa']) {
    const { code, err } = await run(`withdraw apt ${name}`)
    assert.equal(code, 5)
    assert.match(err, new RegExp(`^airlock: ${name} is not among what was asked for on default\\.\n  See what`))
  }
  assert.match((await run('withdraw apt absent', zh)).err, /^airlock: absent 不在目标环境 default 的申请之列。/)
  assert.equal(await count(), earlier)
  assert.deepEqual(await published(), ['bb', 'common'])
})

test('of several, one that nobody asked for refuses all', async () => {
  const { err } = await run('withdraw apt bb absent')
  assert.match(err, /absent is not among/)
  assert.deepEqual(await published(), ['bb', 'common'])
})

test('pip says that its indexes only grow, and a strange target is named', async () => {
  const pip = await run('withdraw pip numpy')
  assert.equal(pip.code, 5)
  assert.match(pip.err, /Nothing can be withdrawn from pip: .*\n.*It can be done for: apt\./)
  assert.match((await run('withdraw pip numpy', zh)).err, /pip 不支持撤回/)
  assert.match((await run('withdraw apt bb --target trixie')).err, /trixie/)
})

test('the API answers 404 and 400 with the codes, and 202 with a location', async () => {
  const ask = (body: object) =>
    fetch(`${airlock.consoleUrl}/api/withdrawals`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  const status = async (body: object) => {
    const answer = await ask(body)
    return [answer.status, ((await answer.json()) as { code: string }).code]
  }
  assert.deepEqual(await status({ ecosystem: 'apt', roots: ['absent'] }), [404, 'apt-root-unknown'])
  assert.deepEqual(await status({ ecosystem: 'pip', roots: ['six'] }), [400, 'withdrawal-unsupported'])
  assert.deepEqual(await status({ ecosystem: 'apt', roots: [] }), [400, 'request-invalid'])
  assert.deepEqual(await status({ ecosystem: 'apt', roots: ['bb$'] }), [400, 'requirement-refused'])
  const answer = await ask({ ecosystem: 'apt', roots: ['bb'] })
  assert.equal(answer.status, 202)
  assert.match(answer.headers.get('location') ?? '', /^\/api\/requests\/\d+$/)
})
