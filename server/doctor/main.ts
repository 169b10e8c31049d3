/**
 * `airlock doctor`: looks at everything that a server needs, whether or not one runs.
 * Invariant: takes no lock and changes nothing; shows no credentials.
 */
import { fileURLToPath } from 'node:url'
import { readAptHost } from '../apt/host.ts'
import { aptOrigins } from '../apt/origins.ts'
import { runChild } from '../child.ts'
import { readConfig, type Config, type Environment } from '../config.ts'
import { languageOf } from '../errors.ts'
import { readMachine, type Machine } from '../machine.ts'
import { pipUpstreams } from '../pip/upstreams.ts'
import { sourceWords } from '../source-words.ts'
import { createUpstreamClient } from '../upstream/client.ts'
import { failed, failure, type Check } from './check.ts'
import {
  checkApt,
  checkDisk,
  checkLock,
  checkPython,
  checkSettings,
  checkState,
  checkTree,
  checkUv,
} from './machine.ts'
import { checkArchives, checkClock, checkListeners, checkUpstream, type MakeClient } from './reach.ts'
import { toJson, toTable } from './report.ts'
import { checkSandbox } from './sandbox.ts'

const project = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

/** ms for whoever is asked; all are asked at once. */
const patience = 20_000
const once = { retries: 0, firstWait: 0, maxWait: 0 }

/** Prints what was found; exits with 1 where something fails. */
export async function runDoctor(env: Environment, cwd: string, json: boolean): Promise<void> {
  const checks = await examine(env, cwd)
  const language = languageOf(env)
  process.stdout.write(json ? toJson(checks, language) : toTable(checks, language))
  process.exitCode = checks.some(({ grade }) => grade === 'failure') ? 1 : 0
}

/** What is looked at, in the order in which it is told. */
export async function examine(env: Environment, cwd: string): Promise<readonly Check[]> {
  let config: Config
  try {
    config = readConfig(env, cwd, 'look')
  } catch (error) {
    return [failed('settings', error)]
  }
  const signal = AbortSignal.timeout(patience)
  const lock = checkLock(config)
  const local = [checkSettings(config), checkState(config), checkTree(config), lock.check, checkDisk(config)]
  const direct: MakeClient = (origins) => createUpstreamClient({ origins, patience: once })
  const [uv, sandbox, outside, listeners] = await Promise.all([
    checkUv(project, runChild, signal),
    checkSandbox(config, signal),
    checkOutside(config, env, signal),
    checkListeners(config, lock.held, direct, signal),
  ])
  return [...local, uv, sandbox, ...outside, ...listeners]
}

/** Python, its pip's index and the machine's apt, and whether what they name can be reached. */
async function checkOutside(config: Config, env: Environment, signal: AbortSignal): Promise<Check[]> {
  let machine: Machine
  try {
    machine = await readMachine(config, env, project, signal)
  } catch (error) {
    return [failed('python', error), checkApt(config, await readAptHost(runChild, signal)).check]
  }
  const { interpreter, aptHost } = machine
  const index = sourceWords(interpreter.index.source)
  const upstreams = pipUpstreams(config.upstreams.pip, interpreter.index)
  const { check: apt, targets } = checkApt(config, aptHost)
  const indexes = upstreams.map(({ name, secretUrl }) => ({ name, url: secretUrl }))
  const client = createUpstreamClient({
    ...machine,
    origins: [...indexes, ...aptOrigins(targets, aptHost)],
    patience: once,
  })
  const [reached, archives] = await Promise.all([
    Promise.all(upstreams.map((upstream) => checkUpstream(upstream, client, signal))),
    Promise.all(targets.map((target) => checkArchives(target, client, signal))),
  ])
  client.close()
  const none = upstreams.some(({ name }) => name === 'default')
    ? []
    : [
        failure(
          'upstream default',
          {
            en: `this machine’s pip has no index (${index.en})`,
            zh: `本机 pip 没有索引（${index.zh}）`,
          },
          {
            en: 'Set upstreams.pip.default.url in airlock.yaml.',
            zh: '请在 airlock.yaml 中设置 upstreams.pip.default.url。',
          },
        ),
      ]
  return [
    checkPython(interpreter),
    ...none,
    ...reached.map(({ check }) => check),
    checkClock([...reached, ...archives].map(({ ahead }) => ahead)),
    apt,
    ...archives.map(({ check }) => check),
  ]
}
