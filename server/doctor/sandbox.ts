/** Whether what exists only as source can be built here: a sandbox is made, as at a start. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startChild, type StartChild } from '../child.ts'
import type { Config } from '../config.ts'
import { createSandbox } from '../sandbox/sandbox.ts'
import { ok, warning, type Check } from './check.ts'

/** A machine without is no failure: what has wheels needs none. Leaves nothing in the system's folder for such things. */
export async function checkSandbox(
  { builds, state, root }: Pick<Config, 'builds' | 'state' | 'root'>,
  signal: AbortSignal,
  start: StartChild = startChild,
): Promise<Check> {
  if (builds.pip === 'off') return ok('sandbox', { en: 'not needed, builds are off', zh: '不需要，构建已关闭' })
  const work = await mkdtemp(join(tmpdir(), 'airlock-doctor-'))
  try {
    const { available } = await createSandbox({ startChild: start, hidden: [state, root], work, signal })
    if (available.ok)
      return ok('sandbox', {
        en: 'bubblewrap; one was made, and it sees no network and no data of this machine',
        zh: 'bubblewrap；已试建一个，看不到网络和本机数据',
      })
    return warning('sandbox', available.words, {
      en: 'Until then nothing is built here, and what exists only as source cannot be asked for.',
      zh: '在此之前不会在本机构建，也无法申请只有源码的软件包。',
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}
