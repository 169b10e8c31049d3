/** Whether a sandbox can be had here: one is made, and looks around. */
import { readlinkSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { AirlockError } from '../errors.ts'
import type { Sandbox, SandboxEnd, Unavailable } from './run.ts'

type Deps = {
  readonly run: Sandbox['run']
  readonly hidden: readonly string[]
  readonly work: string
  readonly signal: AbortSignal
}

const namespaces = ['net', 'pid', 'ipc', 'uts', 'mnt', 'user']

/** What the probe's own environment has; a shell adds PWD. */
const env = { PATH: '/usr/bin:/bin', PROBE: 'only this' }

/** Says what it sees, a line each. Arguments: what must be out of reach. */
const script = `
for kind in ${namespaces.join(' ')}; do echo "namespace $(readlink /proc/self/ns/$kind)"; done
for link in $(cut -d: -f1 -s /proc/net/dev); do echo "link $link"; done
for name in $(env | cut -d= -f1); do echo "variable $name"; done
for name in $(tr '\\0' '\\n' </proc/1/environ | cut -d= -f1); do echo "variable $name"; done
grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status | tr -d '\\t'
for path; do [ ! -e "$path" ] || echo "within reach $path"; done
for path in / /usr /etc /dev /proc/sys/kernel; do (: >"$path/airlock-probe") 2>/dev/null && echo "can be written $path"; done
unshare --user true 2>/dev/null && echo 'can be nested'
echo "files $(stat -f -c %c /tmp)"
echo seen >/build/out/seen
`

const limits = {
  cpuSeconds: 10,
  wallSeconds: 20,
  memoryBytes: 256 << 20,
  processes: 32,
  diskBytes: 1 << 20,
  files: 100,
  logBytes: 1 << 16,
  outputBytes: 1 << 16,
}

/** Rejects on abort alone: whatever fails is the answer. */
export async function probe({ run, hidden, work, signal }: Deps): Promise<Sandbox['available']> {
  await mkdir(work, { recursive: true, mode: 0o700 })
  const into = await mkdtemp(join(work, 'probe-'))
  try {
    const command = ['/bin/sh', '-c', script, 'probe', ...hidden]
    const end = await run({ command, inputs: [], outputFolder: '/build/out', env, cwd: '/build', limits, signal }, into)
    const holes = [...holesIn(end), ...((await broughtOut(end)) ? [] : ['nothing can be brought out'])]
    return holes.length === 0 ? { ok: true } : leaks(holes)
  } catch (error) {
    if (signal.aborted) throw error
    return lacks(error)
  } finally {
    await rm(into, { recursive: true, force: true })
  }
}

/** What a sandbox of ours must not have, in words. */
function holesIn({ ended, status, log }: SandboxEnd): readonly string[] {
  if (ended !== 'exit' || status !== 0) return [`it ended with ${status ?? ended}: ${log.slice(-500)}`]
  const ours = new Set(namespaces.map((kind) => `namespace ${readlinkSync(`/proc/self/ns/${kind}`)}`))
  const expected = new Set(
    [
      ['link lo', 'variable PATH', 'variable PROBE', 'variable PWD', 'variable OLDPWD', 'variable _'],
      ['CapEff:0000000000000000', 'CapBnd:0000000000000000', 'NoNewPrivs:1', 'Seccomp:2'],
    ].flat(),
  )
  const lines = log.split('\n').map((line) => line.trim())
  const wrong = lines.filter((line) => {
    if (line.startsWith('namespace ')) return ours.has(line)
    if (line.startsWith('files ')) return !(Number(line.slice(6)) <= 2 * limits.files)
    return !expected.has(line)
  })
  const absent = ['CapEff:', 'NoNewPrivs:', 'Seccomp:', 'files ', 'link '].filter(
    (start) => !lines.some((line) => line.startsWith(start)),
  )
  return [...wrong, ...absent.map((start) => `${start.trim()} is not said`)]
}

async function broughtOut({ outputs }: SandboxEnd): Promise<boolean> {
  const [output] = outputs
  return output?.name === 'seen' && (await readFile(output.path, 'utf8')) === 'seen\n'
}

function leaks(holes: readonly string[]): Unavailable {
  const list = holes.join('; ')
  return unavailable(
    `a sandbox was made, but is not closed: ${list}. Look at what this machine has changed of its kernel or of bubblewrap`,
    `已创建沙箱，但它并不封闭：${list}。请检查本机的内核设置与 bubblewrap`,
  )
}

function lacks(error: unknown): Unavailable {
  const reason = reasonOf(error)
  if (/^env: \S*bwrap\S*: No such file/m.test(reason))
    return unavailable(
      'bubblewrap is not installed. On Debian: apt-get install bubblewrap',
      '未安装 bubblewrap。Debian 上请运行：apt-get install bubblewrap',
    )
  if (/unshare failed|Creating new namespace failed|setting up uid map|mount: .*permission denied/i.test(reason))
    return unavailable(
      `this machine lets nobody make namespaces (${reason}). Allow user namespaces, or run Airlock where they are allowed`,
      `本机不允许创建命名空间（${reason}）。请允许用户命名空间，或在允许的机器上运行 Airlock`,
    )
  return unavailable(`a sandbox could not be made: ${reason}`, `无法创建沙箱：${reason}`)
}

function reasonOf(error: unknown): string {
  if (error instanceof AirlockError && typeof error.fields['reason'] === 'string') return error.fields['reason']
  return error instanceof Error ? error.message : String(error)
}

function unavailable(en: string, zh: string): Unavailable {
  return { ok: false, reason: en, words: { en, zh } }
}
