/** Whether what exists only as source can be built here: a sandbox is made, as at a start. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startChild, type StartChild } from '../child.ts'
import type { Config } from '../config.ts'
import { createSandbox } from '../sandbox/sandbox.ts'
import { ok, warning, type Check } from './check.ts'

/** A machine without is no failure: what has wheels needs none. Leaves nothing where it was tried. */
export async function checkSandbox(
  { builds, state, root }: Pick<Config, 'builds' | 'state' | 'root'>,
  signal: AbortSignal,
  start: StartChild = startChild,
): Promise<Check> {
  if (builds.pip === 'off') return ok('sandbox', { en: 'not needed, builds are off', zh: '不需要，构建已关闭' })
  const work = await folderIn([tmpdir(), state])
  if (work === null)
    return warning(
      'sandbox',
      { en: 'not tried: there is no folder to try it in', zh: '未尝试：没有可用于尝试的目录' },
      { en: 'Run it as the server’s user.', zh: '请以服务器的用户身份运行。' },
    )
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

/** A new folder in the first of these that takes one: a container's root may be read-only. Null: none does. */
async function folderIn(places: readonly string[]): Promise<string | null> {
  for (const place of places) {
    const made = await mkdtemp(join(place, 'airlock-doctor-')).catch(() => null)
    if (made !== null) return made
  }
  return null
}
