/** Manifests as `kubectl apply -k` would send them, and whether Kubernetes' own schemas take them. No cluster is asked. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { parseAllDocuments } from 'yaml'
import type { Manifest } from './policies.ts'

const execute = promisify(execFile)
const tools = fileURLToPath(new URL('../../.tools/kubernetes', import.meta.url))
export const manifestsFolder = fileURLToPath(new URL('../../deploy/k8s', import.meta.url))

/** By kubectl's own kustomize. Throws with what it says. */
export async function composeText(folder: string = manifestsFolder): Promise<string> {
  const env = { PATH: process.env['PATH'], HOME: tmpdir(), KUBECONFIG: '/dev/null' }
  return (await execute(join(tools, 'kubectl'), ['kustomize', folder], { env, maxBuffer: 1 << 24 })).stdout
}

export function parseManifests(text: string): Manifest[] {
  return parseAllDocuments(text).map((document) => document.toJS() as Manifest)
}

export const compose = async (): Promise<Manifest[]> => parseManifests(await composeText())

/** What is wrong with manifests by the schemas of a Kubernetes release, a line each; empty: nothing is. */
export async function faultsOf(manifests: string, release: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'airlock-manifests-'))
  try {
    const file = join(folder, 'all.yaml')
    await writeFile(file, manifests)
    const args = ['-m', 'kubernetes_validate', '--strict', '--quiet', '--no-warn', '-k', release, file]
    const env = { PATH: process.env['PATH'], PYTHONPATH: tools, PYTHONDONTWRITEBYTECODE: '1' }
    return await execute('python3', args, { env }).then(
      ({ stdout, stderr }) => stdout + stderr,
      (error: { stdout: string; stderr: string }) => error.stdout + error.stderr,
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The one of a kind and a name; throws where there is none. */
export function find(manifests: readonly Manifest[], kind: string, name: string): Manifest {
  const found = manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name)
  if (!found) throw new Error(`there is no ${kind} ${name}`)
  return found
}
