/** What real projects publish as source only, built here and installed into clean environments from the mirror alone. */
import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { RequestDetail } from '../../server/contract.ts'
import { startAirlock, type Airlock } from '../support/airlock.ts'
import { hostPython, run, uv } from '../support/clients.ts'
import { checkTree } from '../support/tree.ts'

let airlock: Airlock

before(async () => {
  airlock = await startAirlock({ live: true })
})

after(() => airlock?.close())

async function bring(...requirements: readonly string[]): Promise<RequestDetail> {
  const { id } = await airlock.ask(...requirements)
  const request = await airlock.wait(id, undefined, 240_000)
  assert.equal(request.state, 'ready', JSON.stringify(request.problem))
  return request
}

/** Installs into an environment of its own and runs Python in it. */
async function runs(client: 'pip' | 'uv', requirements: readonly string[], script: string): Promise<string> {
  const folder = join(airlock.folder, `pod-${client}-${requirements[0]!.replace(/\W.*/, '')}`)
  const python = join(folder, 'bin/python')
  const checked = async (command: string, ...args: readonly string[]) => {
    const { status, output } = await run(command, args, { UV_NO_CONFIG: '1', UV_NO_CACHE: '1' })
    assert.equal(status, 0, output)
    return output
  }
  try {
    await checked(hostPython().path, '-m', 'venv', folder)
    if (client === 'uv')
      await checked(uv, 'pip', 'install', '--python', python, '--index-url', airlock.indexUrl, ...requirements)
    else
      await checked(
        python,
        ...'-m pip --isolated install --no-cache-dir --index-url'.split(' '),
        airlock.indexUrl,
        ...requirements,
      )
    return await checked(python, '-c', script)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

test('jieba, hydra-core and docopt install and import from the mirror alone', { timeout: 300_000 }, async () => {
  const wanted = ['jieba', 'hydra-core>=1.3', 'docopt'] as const
  const request = await bring(...wanted)
  const built = request.closure!.filter(({ origin }) => origin === 'built here').map(({ project }) => project)
  assert.deepEqual(built.toSorted(), ['antlr4-python3-runtime', 'docopt', 'jieba'])
  const hydra = request.closure!.find(({ project }) => project === 'hydra-core')!
  assert.match(hydra.version, /^1\.[3-9]/)
  for (const client of ['pip', 'uv'] as const) {
    const script = 'import jieba, hydra, docopt, omegaconf; print("/".join(jieba.cut("我来到北京")))'
    assert.match(await runs(client, wanted, script), /北京/)
  }
  assert.deepEqual((await checkTree(airlock.root)).faults, [])
})

test('without a bound hydra-core comes new, too', { timeout: 120_000 }, async () => {
  const { closure, remarks } = await bring('hydra-core')
  assert.match(closure!.find(({ project }) => project === 'hydra-core')!.version, /^1\.[3-9]/)
  assert.deepEqual(
    remarks.filter(({ code }) => code === 'kept-back'),
    [],
  )
})

test(
  'an extension in C whose newest release has no wheel is compiled for this Python',
  { timeout: 240_000 },
  async () => {
    const { closure } = await bring('spidev')
    assert.match(closure![0]!.file, /^spidev-[\d.]+-cp3\d+-cp3\d+-linux_/)
    for (const client of ['pip', 'uv'] as const)
      assert.match(await runs(client, ['spidev'], 'import spidev; print(spidev.SpiDev)'), /SpiDev/)
  },
)
