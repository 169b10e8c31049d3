/** What this machine is and how it reaches the outside, asked once at the start: Airlock shares the pods' image. */
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { readAptHost, type AptHost } from './apt/host.ts'
import { runChild } from './child.ts'
import { besideConfig, type Config, type Environment } from './config.ts'
import { askInterpreter, type Interpreter } from './pip/interpreter.ts'

export type Machine = {
  readonly interpreter: Interpreter
  /** Others of this machine that build for targets of their kind. */
  readonly builders: readonly Interpreter[]
  /** Null: no apt here. */
  readonly aptHost: AptHost | null
  /** HTTP_PROXY and its kin, or the proxy that pip is configured with. */
  readonly proxyEnv: Environment
  /** The content of ~/.netrc. */
  readonly netrc: string | null
  /** PEM certificates that pip is told to trust. */
  readonly extraCa: readonly string[]
}

/** Throws `python-missing`: without a Python nothing can be solved. */
export async function readMachine(
  config: Config,
  env: Environment,
  project: string,
  signal: AbortSignal,
): Promise<Machine> {
  const ask = (given: string | null) => askInterpreter({ run: runChild, env, given, project, signal })
  const [interpreter, builders, aptHost, netrc] = await Promise.all([
    ask(config.python),
    Promise.all(config.builds.pythons.map((path) => ask(besideConfig(config, path)))),
    readAptHost(runChild, signal),
    readIfThere(env.NETRC ?? join(homedir(), '.netrc')),
  ])
  const { cert, proxy } = interpreter.index
  const certificates = cert === null ? null : await readIfThere(cert)
  return {
    interpreter,
    builders,
    aptHost,
    netrc,
    proxyEnv: proxiesOf(env, proxy),
    extraCa: certificates === null ? [] : [certificates],
  }
}

function proxiesOf(env: Environment, pipProxy: string | null): Environment {
  const given = Object.fromEntries(Object.entries(env).filter(([name]) => /^(https?|no|all)_proxy$/i.test(name)))
  return pipProxy === null ? given : { HTTP_PROXY: pipProxy, HTTPS_PROXY: pipProxy, ...given }
}

async function readIfThere(file: string): Promise<string | null> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'EACCES') return null
    throw error
  })
}
