/** The two servers that are compared, each one process on one and the same core, on the same tree. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { connect, createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { guards } from '../../server/mirror/answers.ts'
import { frugal } from '../../server/mirror-child.ts'
import { bareFile } from './bare.ts'

export type Server = {
  readonly name: string
  readonly port: number
  /** Seconds of processor time that it has used. */
  cpu(): number
  stop(): Promise<void>
}

const main = fileURLToPath(new URL('../../server/main.ts', import.meta.url))

export function startMirror(root: string, core: string): Promise<Server> {
  const env = { AIRLOCK_ROOT: root, AIRLOCK_MIRROR_LISTEN: '127.0.0.1:0' }
  return startNode('airlock mirror', [...frugal, main, 'mirror'], core, env)
}

/** See {@link bareFile}. */
export function startBare(root: string, core: string): Promise<Server> {
  return startNode('bare node:http', [bareFile, root], core, {})
}

/** A server that says its address first. */
async function startNode(
  name: string,
  args: readonly string[],
  core: string,
  more: Readonly<Record<string, string>>,
): Promise<Server> {
  const env = { PATH: process.env['PATH'], ...more }
  const child = spawn('taskset', ['-c', core, process.execPath, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const port = Number(/127\.0\.0\.1:(\d+)/.exec(line.toString())![1])
  return { name, port, cpu: () => cpuOf(child.pid!), stop: () => stop(child, 'SIGTERM') }
}

/**
 * nginx as Debian ships it (sendfile, tcp_nopush, an access log), told to do the same work: the form that Accept asks for,
 * the compressed copy that lies beside it, the same headers. `log`: false leaves out the log, which nobody's does.
 */
export async function startNginx(
  root: string,
  core: string,
  folder: string,
  { log = true }: { readonly log?: boolean } = {},
): Promise<Server> {
  const port = await freePort()
  await mkdir(folder, { recursive: true })
  const config = join(folder, 'nginx.conf')
  await writeFile(config, configuration(root, folder, port, log))
  const child = spawn('taskset', ['-c', core, 'nginx', '-p', folder, '-c', config, '-e', join(folder, 'error.log')], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  await untilListening(port, child)
  return {
    name: log ? 'nginx' : 'nginx, no log',
    port,
    cpu: () => childrenOf(child.pid!).reduce((sum, pid) => sum + cpuOf(pid), 0),
    stop: () => stop(child, 'SIGQUIT'),
  }
}

function configuration(root: string, folder: string, port: number, log: boolean): string {
  const headers = Array.from({ length: guards.length / 2 }, (_, at) => [guards[2 * at], guards[2 * at + 1]] as const)
  const add = (name: string | undefined, value: string | undefined) => `add_header ${name} "${value}" always;`
  const always = headers.map(([name, value]) => add(name, value)).join('\n      ')
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${join(folder, kind)};`,
  )
  return `
${process.getuid!() === 0 ? 'user root;' : ''}
daemon off;
worker_processes 1;
pid ${join(folder, 'pid')};
events { worker_connections 768; }
http {
  sendfile on;
  tcp_nopush on;
  types_hash_max_size 2048;
  include /etc/nginx/mime.types;
  default_type application/octet-stream;
  access_log ${log ? join(folder, 'access.log') : 'off'};
  keepalive_requests 1000000000;
  ${temporary.join('\n  ')}
  map $http_accept $form {
    default html;
    ~application/vnd\\.pypi\\.simple\\.v1\\+json json;
  }
  server {
    listen 127.0.0.1:${port};
    root ${root};
    location ~ ^/pip/[^/]+/(?:[^/]+/)?$ {
      gzip_static on;
      types { application/vnd.pypi.simple.v1+json json; }
      try_files \${uri}index.$form =404;
      ${always}
      ${add('Cache-Control', 'no-cache')}
      ${add('Vary', 'Accept, Accept-Encoding')}
    }
    location ~ ^/[^/]+/pool/ {
      ${always}
      ${add('Cache-Control', 'max-age=365000000, immutable')}
      ${add('Content-Disposition', 'attachment')}
    }
  }
}
`
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function untilListening(port: number, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    const socket = connect(port, '127.0.0.1')
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.on('connect', () => resolve(true))
      socket.on('error', () => resolve(false))
    })
    socket.destroy()
    if (isOpen) return
    await sleep(20)
  }
  throw new Error(`nginx ended with ${child.exitCode}`)
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null) return
  const ended = once(child, 'exit')
  child.kill(signal)
  await ended
}

/** proc_pid_stat(5): user and system time, in ticks of 10 ms. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ').map(Number)
}
