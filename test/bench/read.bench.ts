/**
 * The read path against nginx: index pages, 304s, one large file, many at once. Each server is one process on one core,
 * the client has the other. The servers take turns, and each is judged by its best round: what else the machine does can
 * only slow one down. Told beside: what the same pages take of node's HTTP server with nothing behind it.
 *
 *   node test/bench/read.bench.ts [--rounds 5] [--seconds 2] [CASE…]
 *
 * Prints a table, and as its last line {"name":"read","ratios":{…},"goals":{…}}; needs nginx and taskset.
 */
import { execFile, spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { chmod, link, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { loadFile, type Load, type Measured } from './load.ts'
import { startBare, startMirror, startNginx, type Server } from './servers.ts'

const run = promisify(execFile)

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '5' }, seconds: { type: 'string', default: '2' } },
})
const rounds = Number(values.rounds)
const seconds = Number(values.seconds)

for (const [command, probe] of [
  ['nginx', '-v'],
  ['taskset', '-V'],
] as const)
  if (spawnSync(command, [probe]).error) {
    console.error(`read.bench: ${command} is missing (Debian: nginx-light, util-linux)`)
    process.exit(1)
  }

const goals = { 'page-20': 1, 'page-200': 1, 'page-3000': 1, 'not-modified': 0.95, 'file-200MB': 1, 'files-64x16MB': 1 }
type Case = keyof typeof goals
const cases = (Object.keys(goals) as Case[]).filter((name) => positionals.length === 0 || positionals.includes(name))

const large = `apt/pool/aa/${'aa'.repeat(32)}/large_1_all.deb`
const many = Array.from({ length: 64 }, (_, at) => {
  const digest = createHash('sha256').update(`${at}`).digest('hex')
  return `apt/pool/${digest.slice(0, 2)}/${digest}/many_1_all.deb`
})

/** What pip sends. */
const pip = {
  'User-Agent': 'pip/26.2 {"ci":null,"cpu":"x86_64","implementation":{"name":"CPython","version":"3.11.7"}}',
  'Accept-Encoding': 'gzip, deflate',
  Accept: 'application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01',
  Connection: 'keep-alive',
  'Cache-Control': 'max-age=0',
}

async function lay(root: string): Promise<void> {
  const put = async (path: string, bytes: Buffer): Promise<void> => {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), bytes)
  }
  for (const files of [20, 200, 3000]) {
    const page = Buffer.from(JSON.stringify(simplePage(`bench-${files}`, files)))
    await put(`pip/simple/bench-${files}/index.json`, page)
    await put(`pip/simple/bench-${files}/index.json.gz`, gzipSync(page, { level: 6 }))
  }
  await put(large, randomBytes(200_000_000))
  const [first, ...others] = many as [string, ...string[]]
  await put(first, randomBytes(16 * 2 ** 20))
  for (const other of others) {
    await mkdir(dirname(join(root, other)), { recursive: true })
    await link(join(root, first), join(root, other))
  }
}

function simplePage(name: string, count: number): object {
  const hex = (text: string) => createHash('sha256').update(text).digest('hex')
  const files = Array.from({ length: count }, (_, at) => {
    const filename = `${name.replace('-', '_')}-1.${at}.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl`
    const sha256 = hex(filename)
    return {
      filename,
      url: `../../pool/${sha256.slice(0, 2)}/${sha256}/${filename}`,
      hashes: { sha256 },
      'requires-python': '>=3.8',
      size: 1_234_567 + at,
      'upload-time': '2024-01-02T03:04:05.000000Z',
      yanked: false,
      'core-metadata': { sha256: hex(sha256) },
    }
  })
  return { meta: { 'api-version': '1.1' }, name, versions: files.map((_, at) => `1.${at}.0`), files }
}

async function loadOf(name: Case, port: number): Promise<Load> {
  const page = (files: number, more: Record<string, string> = {}): Load => ({
    paths: [`/pip/simple/bench-${files}/`],
    headers: { ...pip, ...more },
    status: 'If-None-Match' in more ? 304 : 200,
    connections: 16,
    seconds,
  })
  if (name === 'not-modified') {
    const { headers } = await fetch(`http://127.0.0.1:${port}/pip/simple/bench-200/`, { headers: pip })
    return page(200, { 'If-None-Match': headers.get('etag')! })
  }
  if (name.startsWith('page-')) return page(Number(name.slice('page-'.length)))
  const paths = (name === 'file-200MB' ? [large] : many).map((path) => `/${path}`)
  return { paths, headers: pip, status: 200, connections: paths.length, seconds: seconds * 2 }
}

type Round = { readonly rate: number; readonly cpu: number }

async function measure(server: Server, name: Case): Promise<Round> {
  const load = await loadOf(name, server.port)
  const before = server.cpu()
  const { stdout } = await run('taskset', [
    '-c',
    '1',
    process.execPath,
    loadFile,
    String(server.port),
    JSON.stringify(load),
  ])
  const { answers, bytes, seconds } = JSON.parse(stdout) as Measured
  const cpu = server.cpu() - before
  return load.connections === 16
    ? { rate: answers / seconds, cpu: (cpu / answers) * 1e6 }
    : { rate: bytes / seconds / 1e9, cpu: (cpu / bytes) * 1e9 }
}

if (availableParallelism() < 2) {
  console.error('read.bench: two cores are needed, one for the server and one for the client')
  process.exit(1)
}
const folder = await mkdtemp(join(tmpdir(), 'airlock-bench-'))
const servers: Server[] = []
try {
  await chmod(folder, 0o755)
  const root = join(folder, 'tree')
  await lay(root)
  servers.push(await startMirror(root, '0'))
  servers.push(await startNginx(root, '0', join(folder, 'nginx')))
  servers.push(await startNginx(root, '0', join(folder, 'nginx-quiet'), { log: false }))
  servers.push(await startBare(root, '0'))
  const ratios: Partial<Record<Case, number>> = {}
  console.log(
    `${rounds} rounds of ${seconds} s each, the best of them; µs: the server's processor time per answer (files: s per GB)`,
  )
  console.log(
    [
      'case'.padEnd(14),
      'airlock',
      'nginx',
      'ratio',
      'goal',
      'µs: airlock',
      'nginx',
      '| without its log: nginx',
      'ratio',
      'µs',
      '| bare node:http: ratio',
      'µs',
    ].join('  '),
  )
  for (const name of cases) {
    const isFile = name.startsWith('file')
    const results = servers.map((): Round[] => [])
    for (let round = 0; round <= rounds; round++)
      for (const [at, server] of servers.entries()) {
        if (isFile && server.name === 'bare node:http') continue
        const result = await measure(server, name)
        // the first round warms both up
        if (round > 0) results[at]!.push(result)
      }
    const [ours, stock, quiet, bare] = results as [Round[], Round[], Round[], Round[]]
    const rate = (all: Round[]) => Math.max(...all.map(({ rate }) => rate))
    const cpu = (all: Round[]) => Math.min(...all.map(({ cpu }) => cpu))
    const ratio = (theirs: Round[]) => rate(ours) / rate(theirs)
    const shown = (value: number) => (isFile ? `${value.toFixed(2)} GB/s` : `${value.toFixed(0)}/s`).padStart(9)
    const time = (value: number) => value.toFixed(isFile ? 3 : 1)
    ratios[name] = Number(ratio(stock).toFixed(2))
    console.log(
      [
        name.padEnd(14),
        shown(rate(ours)),
        shown(rate(stock)),
        ratio(stock).toFixed(2),
        goals[name].toFixed(2),
        time(cpu(ours)),
        time(cpu(stock)),
        '|',
        shown(rate(quiet)),
        ratio(quiet).toFixed(2),
        time(cpu(quiet)),
        ...(isFile ? [] : ['|', ratio(bare).toFixed(2), time(cpu(bare))]),
      ].join('  '),
    )
  }
  console.log(JSON.stringify({ name: 'read', ratios, goals }))
} finally {
  await Promise.all(servers.map((server) => server.stop()))
  await rm(folder, { recursive: true, force: true })
}
