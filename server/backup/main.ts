/** `airlock backup FILE` and `airlock restore FILE` on the state itself, where no server runs. */
import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { takeLock } from '../../storage/lock.ts'
import { statePaths } from '../../storage/layout.ts'
import { readConfig, readStateFolder, type Environment } from '../config.ts'
import { AirlockError } from '../errors.ts'
import { restoreBackup } from './restore.ts'
import { createBackup } from './write.ts'

/** Throws `state-locked` beside a server, `state-unusable` where there is nothing to back up. */
export async function runBackup(env: Environment, cwd: string, file: string): Promise<void> {
  const config = readConfig(env, cwd)
  if (!existsSync(statePaths(config.state).database)) {
    const reason = { en: 'there is none', zh: '其中没有状态' }
    const instead = { en: 'Give AIRLOCK_STATE as the server has it.', zh: '请将 AIRLOCK_STATE 设为与服务器相同。' }
    throw new AirlockError('state-unusable', { folder: config.state, reason, instead })
  }
  await owning(config.state, async () => {
    print(await createBackup({ config, now: () => new Date() })(resolve(cwd, file)))
  })
}

/** Throws `backup-missing` before anything is made; `state-locked`, `state-not-empty`, `backup-invalid`. */
export async function runRestore(env: Environment, cwd: string, file: string, force: boolean): Promise<void> {
  const from = resolve(cwd, file)
  const missing = await stat(from).then(
    () => false,
    ({ code }: NodeJS.ErrnoException) => code === 'ENOENT',
  )
  if (missing) throw new AirlockError('backup-missing', { file: from })
  const state = readStateFolder(env, cwd)
  await owning(state, async () => print(await restoreBackup(from, state, force)))
}

async function owning(state: string, work: () => Promise<void>): Promise<void> {
  const release = takeLock(statePaths(state).lock)
  if (!release) throw new AirlockError('state-locked', { folder: state })
  try {
    await work()
  } finally {
    release()
  }
}

function print(report: object): void {
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
}
