/** deploy/nginx.conf in Debian's nginx beside the mirror, over one published tree: the same answers, and real clients install. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, readdir, symlink, writeFile } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { createClient } from '../apt/client.ts'
import { freePorts, startAirlock, type Airlock } from '../support/airlock.ts'
import { startArchive, type Archive } from '../support/archive.ts'
import { pipInstall, uvInstall } from '../support/clients.ts'
import { startIndex } from '../support/index.ts'
import { makeWheel } from '../support/wheels.ts'

type Index = Awaited<ReturnType<typeof startIndex>>
type Answer = {
  readonly status: number
  readonly headers: Record<string, string | string[] | undefined>
  readonly body: Buffer
}

const example = fileURLToPath(new URL('../../deploy/nginx.conf', import.meta.url))
const pipAccepts = 'application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01'
const json = 'application/vnd.pypi.simple.v1+json'

let index: Index
let archive: Archive
let airlock: Airlock
let nginx: { readonly url: string; stop(): Promise<void> }
before(async () => {
  index = await startIndex()
  archive = await startArchive()
  index.add(makeWheel({ name: 'widget', version: '1.0+local', requires: ['gadget'] }))
  index.add(makeWheel({ name: 'gadget', version: '2.0' }))
  await archive.add({ name: 'jq', depends: 'libjq1' }, { name: 'libjq1' })
  const sources = [archive.sources]
  const targets = { default: { apt: { sources, architectures: ['amd64'], status: 'none' } } }
  airlock = await startAirlock({ index: index.url, config: { targets } })
  await airlock.ready((await airlock.ask('widget')).id)
  const [request] = await airlock.askFor({ ecosystem: 'apt', requirements: ['jq'] })
  await airlock.ready(request!.id)
  // what others leave in a tree
  await mkdir(join(airlock.root, 'by-hand'))
  await writeFile(join(airlock.root, 'by-hand/notes.txt'), 'not ours')
  await writeFile(join(airlock.root, 'homepod/.hidden'), 'not for pods')
  await mkdir(join(airlock.root, '.incoming/stray'), { recursive: true })
  await writeFile(join(airlock.root, '.incoming/stray/x.whl'), 'unproved')
  await symlink('/etc/passwd', join(airlock.root, 'homepod/passwd.txt'))
  nginx = await startNginx(airlock.root, join(airlock.folder, 'nginx'))
})
after(async () => {
  await nginx?.stop()
  await airlock?.close()
  await archive?.close()
  await index?.close()
})

/** Debian's nginx with the example as its one server, on a port of loopback. */
async function startNginx(root: string, folder: string) {
  const [port] = await freePorts(1)
  await mkdir(folder)
  const text = await readFile(example, 'utf8')
  const here = text
    .replace('listen 8080;', `listen 127.0.0.1:${port};`)
    .replace('root /opt/public/airlock;', `root ${root};`)
  assert.ok(here.includes(`:${port};`) && here.includes(`root ${root};`))
  const own = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${folder}/${kind};`)
  const config = `${process.getuid!() === 0 ? 'user root;' : ''}
    daemon off; master_process off; pid ${folder}/pid; events {}
    http { access_log off; ${own.join(' ')} include ${folder}/airlock.conf; }`
  await writeFile(join(folder, 'airlock.conf'), here)
  await writeFile(join(folder, 'nginx.conf'), config)
  const line = [
    '--pdeathsig',
    'KILL',
    '--',
    'nginx',
    '-p',
    folder,
    '-c',
    `${folder}/nginx.conf`,
    '-e',
    `${folder}/error.log`,
  ]
  const child = spawn('setpriv', line, { stdio: 'inherit' })
  const ended = once(child, 'exit')
  const url = `http://127.0.0.1:${port}`
  while (
    !(await fetch(`${url}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    assert.equal(child.exitCode, null, 'nginx does not start')
    await sleep(20)
  }
  return {
    url,
    async stop() {
      child.kill('SIGQUIT')
      await ended
    },
  }
}

/** As it is written, `..` and escapes untouched. */
function ask(
  base: string,
  path: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
) {
  const { hostname, port } = new URL(base)
  return new Promise<Answer>((resolve, reject) => {
    const req = httpRequest({ hostname, port, path, method, headers }, (res) => {
      void buffer(res).then((body) => resolve({ status: res.statusCode!, headers: res.headers, body }), reject)
    })
    req.on('error', reject).end()
  })
}

/** What the tree has below a folder, as URL paths. */
async function pathsIn(folder: string): Promise<string[]> {
  const entries = await readdir(join(airlock.root, folder), { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) =>
      `${parentPath.slice(airlock.root.length)}/${name}`.split('/').map(encodeURIComponent).join('/'),
    )
    .filter((path) => !path.includes('/.'))
}

const compared = [
  'content-type',
  'cache-control',
  'content-disposition',
  'vary',
  'location',
  'content-range',
  'x-content-type-options',
  'content-security-policy',
  'referrer-policy',
]

/** How two answers to the same request differ. */
async function differences(path: string, options: Parameters<typeof ask>[2] = {}): Promise<string[]> {
  const [ours, theirs] = await Promise.all([ask(airlock.mirrorUrl, path, options), ask(nginx.url, path, options)])
  const found = ours.status === theirs.status ? [] : [`${path}: ${ours.status}, nginx ${theirs.status}`]
  // what a redirect's body is called is nobody's concern
  for (const name of ours.status === 302 ? compared.slice(1) : compared)
    if (ours.headers[name] !== theirs.headers[name])
      found.push(`${path}: ${name} ${ours.headers[name] as string}, nginx ${theirs.headers[name] as string}`)
  if (ours.status < 300 && !ours.body.equals(theirs.body)) found.push(`${path}: other bytes`)
  return found
}

test('every file and every page of the tree is answered as the mirror does: status, bytes, types, caching, guards', async () => {
  const files = (await Promise.all(['pip', 'apt', 'homepod'].map(pathsIn))).flat()
  assert.ok(files.length > 15, files.join('\n'))
  const pages = ['/pip/simple/', '/pip/simple/widget/', '/pip/simple/gadget/?x=1', '/pip/simple/widget', '/pip/simple']
  const found = await Promise.all([
    ...files.map((path) => differences(path)),
    ...files.map((path) => differences(path, { method: 'HEAD' })),
    ...pages.flatMap((path) =>
      [pipAccepts, 'text/html', '*/*', `${json};q=0, text/html`].map((accept) =>
        differences(path, { headers: { accept } }),
      ),
    ),
    ...['/apt/default/./InRelease', '/healthz'].map((path) => differences(path)),
  ])
  assert.deepEqual(found.flat(), [])
})

test('a page comes as JSON for pip and as HTML for a browser, compressed where that is taken', async () => {
  const page = await ask(nginx.url, '/pip/simple/widget/', { headers: { accept: pipAccepts } })
  assert.equal(page.headers['content-type'], json)
  assert.equal((JSON.parse(page.body.toString()) as { name: string }).name, 'widget')
  const html = await ask(nginx.url, '/pip/simple/widget/')
  assert.equal(html.headers['content-type'], 'text/html; charset=utf-8')
  for (const accept of [pipAccepts, 'text/html']) {
    const headers = { accept, 'accept-encoding': 'gzip' }
    const plain = accept === pipAccepts ? page : html
    const squeezed = await ask(nginx.url, '/pip/simple/widget/', { headers })
    assert.equal(squeezed.headers['content-encoding'], 'gzip')
    assert.deepEqual(gunzipSync(squeezed.body), plain.body)
    const again = await ask(nginx.url, '/pip/simple/widget/', {
      headers: { ...headers, 'if-none-match': squeezed.headers['etag'] as string },
    })
    assert.equal(again.status, 304)
  }
})

test('a part of a file, and a part that is none', async () => {
  const wheel = (await pathsIn('pip/pool')).find((path) => path.endsWith('.whl'))
  const found = await Promise.all(
    ['bytes=0-9', 'bytes=-5', 'bytes=10-'].map((range) => differences(wheel!, { headers: { range } })),
  )
  assert.deepEqual(found.flat(), [])
  assert.equal((await ask(nginx.url, wheel!, { headers: { range: 'bytes=99999999-' } })).status, 416)
})

test('what is not for pods is not there, however it is spelt', async () => {
  const paths = [
    '/.incoming/stray/x.whl',
    '/%2eincoming/stray/x.whl',
    '/%2Eincoming/stray/x.whl',
    '/pip/../.incoming/stray/x.whl',
    '/pip/%2e%2e/.incoming/stray/x.whl',
    '/pip/..%2f.incoming/stray/x.whl',
    '/pip/simple/../simple/widget/',
    '/pip/simple/./widget/',
    '/pip/simple/%2e/widget/',
    '/apt/default/../default/InRelease',
    '/apt/default/./../default/InRelease',
    '/apt/default/././InRelease',
    '/apt/./default/InRelease',
    '/homepod/.hidden',
    '/homepod/%2ehidden',
    '/homepod/passwd.txt',
    '/homepod/..%5c..%5cetc/passwd',
    '/pip//simple/widget/',
    '/pip/simple%2fwidget/',
    '/by-hand/notes.txt',
    '/by-hand/',
    '/pip/',
    '/pip/pool/',
    '/pip/pool',
    '/pip/requests/',
    '/apt/',
    '/apt/default/',
    '/apt/default',
    '/apt/pool/',
    '/homepod/',
    '/pip/simple/absent/',
    '/pip/simple/absent',
    '/pip/absent/',
    `/pip/pool/ab/${'ab'.repeat(32)}/absent-1.0-py3-none-any.whl`,
    '/apt/default/absent',
    '/etc/passwd',
  ]
  for (const path of paths) {
    const { status, headers, body } = await ask(nginx.url, path)
    assert.equal(status, 404, path)
    assert.equal(headers['cache-control'], 'no-cache', path)
    assert.equal(headers['x-content-type-options'], 'nosniff', path)
    assert.doesNotMatch(body.toString(), /unproved|not ours|not for pods|root:/, path)
    assert.equal((await ask(airlock.mirrorUrl, path)).status, 404, `${path}, the mirror`)
  }
  // above the root nginx sees no path at all
  for (const path of ['/homepod/../../etc/passwd', '/../etc/passwd', '/pip/%00'])
    assert.equal((await ask(nginx.url, path)).status, 400, path)
  assert.match((await ask(nginx.url, '/pip/simple/absent/')).body.toString(), /Airlock console.*控制台/s)
})

test('nothing but reading is done', async () => {
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND']) {
    const { status, headers } = await ask(nginx.url, '/pip/simple/', { method })
    assert.deepEqual([status, headers['allow']], [405, 'GET, HEAD'], method)
  }
  assert.equal(
    (await ask(nginx.url, '/pip/simple/', { headers: { 'content-length': '5' } }).catch(() => ({ status: 413 })))
      .status,
    413,
  )
})

test('pip, uv and apt install through it', async (t) => {
  const wanted = { widget: '1.0+local', gadget: '2.0' }
  const simple = `${nginx.url}/pip/simple/`
  const byPip = await pipInstall(['--index-url', simple, 'widget'])
  assert.deepEqual(byPip.releases, wanted, byPip.output)
  const byUv = await uvInstall(['--default-index', simple, 'widget'])
  assert.deepEqual(byUv.releases, wanted, byUv.output)
  const source = `Types: deb\nURIs: ${nginx.url}/apt/\nSuites: default/\nSigned-By: ${airlock.root}/homepod/airlock.asc\n`
  const apt = await createClient(t, airlock, source)
  assert.match(await apt.download('jq'), /jq/)
  assert.deepEqual(
    (await readdir(join(apt.folder, 'cache/archives'))).filter((name) => name.endsWith('.deb')).length,
    2,
  )
})
