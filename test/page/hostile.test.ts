/**
 * Scripts in every field that a package, a user or an upstream writes, shown by a real browser: none runs. Then every
 * kind of request that another site could make: none is applied.
 */
import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { startAirlock, type Airlock } from '../support/airlock.ts'
import { startIndex, type TestIndex } from '../support/index.ts'
import { makeWheel } from '../support/wheels.ts'
import { openPage, startBrowser, type Watched } from './browser.ts'

let index: TestIndex
let airlock: Airlock
let browser: Browser
let watched: Watched

before(async () => {
  index = await startIndex()
  airlock = await startAirlock({ index: index.url })
  browser = await startBrowser()
  watched = await openPage(browser, airlock.consoleUrl)
})

after(async () => {
  await browser?.close()
  await airlock?.close()
  await index?.close()
})

/** Each sets a mark when it runs. */
const run = 'window.ran=1'
const payloads = [
  `<script>${run}</script>`,
  `"><script>${run}</script>`,
  `'><script>${run}</script>`,
  `</script><script>${run}</script>`,
  `</title><script>${run}</script>`,
  `</textarea><script>${run}</script>`,
  `</style><script>${run}</script>`,
  `--><script>${run}</script>`,
  `]]><script>${run}</script>`,
  `<!--<script>${run}//-->`,
  `<img src=x onerror=${run}>`,
  `<img src=x onerror="${run}">`,
  `"><img src=x onerror=${run}>`,
  `<svg onload=${run}>`,
  `<svg><script>${run}</script></svg>`,
  `<svg><animate onbegin=${run} attributeName=x dur=1s>`,
  `<math><mtext><table><mglyph><style><img src=x onerror=${run}>`,
  `<body onload=${run}>`,
  `<input autofocus onfocus=${run}>`,
  `<details open ontoggle=${run}>`,
  `<video><source onerror=${run}>`,
  `<audio src=x onerror=${run}>`,
  `<iframe srcdoc="<script>parent.ran=1</script>">`,
  `<iframe src="javascript:parent.ran=1">`,
  `<object data="javascript:${run}">`,
  `<embed src="javascript:${run}">`,
  `<a href="javascript:${run}" autofocus onfocus=${run}>x</a>`,
  `<form action="javascript:${run}"><button autofocus onfocus=${run}>`,
  `<meta http-equiv="refresh" content="0;url=javascript:${run}">`,
  `<link rel=stylesheet href="http://elsewhere.example/x.css">`,
  `<base href="http://elsewhere.example/">`,
  `<style>@import "http://elsewhere.example/x.css"</style>`,
  `<div style="background:url(http://elsewhere.example/x)">`,
  `[x](javascript:${run})`,
  `[x](JaVaScRiPt:${run})`,
  `[x](data:text/html,<script>parent.ran=1</script>)`,
  `[x](vbscript:${run})`,
  `![x](javascript:${run})`,
  `![x](http://elsewhere.example/x.png)`,
  `![x" onerror="${run}](x)`,
  `[x]: javascript:${run}\n\n[x]`,
  `<javascript:${run}>`,
  '```\n<script>window.ran=1</script>\n```',
  `| a | <img src=x onerror=${run}> |\n| - | - |\n| b | c |`,
  `\u2028<script>${run}</script>`,
  `\u{202e}<script>${run}</script>`,
  `{{constructor.constructor("${run}")()}}`,
  '${window.ran=1}',
  `$t(nav.queue) {{n}} <script>${run}</script>`,
  `__proto__`,
  `\\u003cscript\\u003e${run}\\u003c/script\\u003e`,
  `%3Cscript%3E${run}%3C/script%3E`,
  `&lt;script&gt;${run}&lt;/script&gt;`,
  `<ScRiPt >${run}</sCrIpT >`,
  `<scr<script>ipt>${run}</scr</script>ipt>`,
  `<template><script>${run}</script></template>`,
  `<noscript><p title="</noscript><img src=x onerror=${run}>">`,
  `<xmp><img src=x onerror=${run}></xmp>`,
]

test('there are more than two hundred places for a script to run in', () => {
  // requester, note and requirement of a request; summary and description, as Markdown and as text, of a package
  assert.ok(payloads.length * 6 >= 200)
})

async function nothingRan(path: string, shown: readonly string[] = []): Promise<void> {
  const { page, problems } = watched
  await page.goto(airlock.consoleUrl + path)
  await page.waitForSelector('main > *')
  // whatever waits for an idle moment has had one
  await page.waitForTimeout(200)
  assert.equal(await page.evaluate('window.ran'), undefined, path)
  assert.deepEqual(problems, [], path)
  const scripts = await page.evaluate(`[...document.querySelectorAll('script:not([src])')].map(({ type }) => type)`)
  assert.deepEqual(scripts, ['application/json'])
  assert.equal(
    await page.locator('main iframe, main object, main embed, main base, main meta, main style, main img').count(),
    0,
  )
  const links = await page.evaluate<string[]>(`[...document.links].map(({ href }) => href)`)
  assert.deepEqual(
    links.filter((href) => !/^https?:/.test(href)),
    [],
  )
  const text = await page.innerText('main')
  for (const one of shown) assert.ok(text.includes(one), `${one} is shown as it is`)
}

test(`a name, a note and a requester may be any of ${payloads.length} scripts, and are shown as text`, async () => {
  for (const [at, payload] of payloads.entries())
    await airlock.askFor({
      ecosystem: 'pip',
      requirements: [`nosuch${at}`],
      requester: payload.slice(0, 100),
      note: payload,
    })
  await nothingRan('/')
  await nothingRan('/?q=script')
  for (const [at, payload] of payloads.entries())
    if (at % 6 === 0) await nothingRan(`/requests/${at + 1}`, [payload.split('\n')[0]!])
})

test(`a description and a summary may be any of ${payloads.length} scripts, as Markdown and as text`, async () => {
  for (const [kind, type] of [
    ['md', 'text/markdown'],
    ['rst', 'text/x-rst'],
  ] as const) {
    const body = payloads.map((payload, at) => `## ${at}\n\n${payload}\n`).join('\n')
    const metadata = [
      'Metadata-Version: 2.1',
      `Name: hostile-${kind}`,
      'Version: 1.0',
      `Summary: ${payloads
        .map((payload) => payload.replaceAll(/\s/g, ' '))
        .join(' ')
        .slice(0, 900)}`,
      `Description-Content-Type: ${type}`,
      '',
      body,
    ].join('\n')
    index.add(makeWheel({ name: `hostile-${kind}`, version: '1.0', metadata }))
    // one at a time, too, so that none is hidden in another
    for (const [at, payload] of payloads.entries()) {
      const name = `hostile-${kind}-${at}`
      const own = [
        'Metadata-Version: 2.1',
        `Name: ${name}`,
        'Version: 1.0',
        `Description-Content-Type: ${type}`,
        '',
        payload,
      ]
      index.add(makeWheel({ name, version: '1.0', metadata: own.join('\n') }))
    }
    const all = [`hostile-${kind}`, ...payloads.map((_, at) => `hostile-${kind}-${at}`)]
    const { id } = await airlock.ask(...all)
    await airlock.ready(id)
    await nothingRan(`/packages/pip/hostile-${kind}`)
  }
  const { page, context, problems } = await openPage(browser, `${airlock.consoleUrl}/packages/pip/hostile-md-0`)
  for (const kind of ['md', 'rst'])
    for (const [at, payload] of payloads.entries()) {
      await page.evaluate(`history.pushState(null, '', '/packages/pip/hostile-${kind}-${at}')`)
      await page.waitForSelector(`h1:has-text("hostile-${kind}-${at}")`)
      await page.waitForSelector('.readme, article > p.dim')
      assert.equal(await page.evaluate('window.ran'), undefined, payload)
    }
  assert.deepEqual(problems, [])
  await context.close()
})

test('an address may say anything', async () => {
  for (const payload of payloads) {
    const answer = await fetch(
      `${airlock.consoleUrl}/${encodeURIComponent(payload)}?q=${encodeURIComponent(payload)}`,
      {
        headers: { accept: 'text/html' },
      },
    )
    const html = await answer.text()
    assert.equal((html.match(/<script/g) ?? []).length, 3, 'only the page’s own')
    assert.match(
      answer.headers.get('content-security-policy')!,
      /^default-src 'none'; script-src 'self'; style-src 'self';/,
    )
  }
  await nothingRan(`/?q=${encodeURIComponent(payloads[1]!)}&show=${encodeURIComponent(payloads[2]!)}`)
  await nothingRan(`/packages/pip/${encodeURIComponent(payloads[10]!)}`)
})

test('an error that an upstream words is text', async () => {
  const wheel = makeWheel({ name: 'spoken', version: '1.0' })
  index.add(wheel)
  index.files.on(index.pathOf(wheel), (_, res) => {
    res.statusMessage = `<img src=x onerror=${run}>`
    res.statusCode = 403
    res.end(`<script>${run}</script>`)
  })
  const { id } = await airlock.ask('spoken')
  await airlock.problem(id)
  await nothingRan(`/requests/${id}`)
  await nothingRan('/?show=failed')
})

// What another site, or a name that was made to point here, could send.

type Foreign = {
  readonly host?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly path?: string
  readonly method?: string
}

/** fetch would not send these headers. */
function send({ host, headers = {}, body = '', path = '/api/requests', method = 'POST' }: Foreign): Promise<number> {
  const url = new URL(airlock.consoleUrl)
  return new Promise((resolve, reject) => {
    const req = httpRequest(
      { host: url.hostname, port: url.port, path, method, headers: { host: host ?? url.host, ...headers } },
      (res) => res.resume().on('end', () => resolve(res.statusCode!)),
    )
    req.on('error', reject).end(body)
  })
}

const json = { 'content-type': 'application/json' }
const wish = JSON.stringify({ ecosystem: 'pip', requirements: ['nosuch'] })

const foreignSites: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['another origin', { ...json, origin: 'http://elsewhere.example' }],
  ['another port of this machine', { ...json, origin: 'http://127.0.0.1:1' }],
  ['the same name over https', { ...json, origin: 'https://127.0.0.1' }],
  ['a document without an origin', { ...json, origin: 'null' }],
  ['an origin that is none', { ...json, origin: 'garbage' }],
  ['another site, as the browser says', { ...json, 'sec-fetch-site': 'cross-site' }],
  ['another machine of this site', { ...json, 'sec-fetch-site': 'same-site' }],
  ['the address bar', { ...json, 'sec-fetch-site': 'none' }],
  ['a form', { 'content-type': 'application/x-www-form-urlencoded', origin: 'http://elsewhere.example' }],
  ['a form without an origin', { 'content-type': 'application/x-www-form-urlencoded' }],
  ['a form with files', { 'content-type': 'multipart/form-data; boundary=x' }],
  ['text that needs no preflight', { 'content-type': 'text/plain', origin: 'http://elsewhere.example' }],
  ['text of another site', { 'content-type': 'text/plain', 'sec-fetch-site': 'cross-site' }],
  ['no type at all', { origin: 'http://elsewhere.example' }],
]
const paths = [
  '/api/requests',
  '/api/requests/1/cancel',
  '/api/requests/1/retry',
  '/api/maintenance/rebuild',
  '/api/closures',
  '/api/requirements/check',
]
const foreignHosts = [
  'elsewhere.example',
  'airlock.elsewhere.example',
  '127.0.0.1.elsewhere.example',
  'localhost.elsewhere.example',
  'elsewhere.example:8081',
  '127.0.0.1@elsewhere.example',
  'elsewhere.example/127.0.0.1',
]

test(`none of ${foreignSites.length * paths.length} requests of other sites is applied`, async () => {
  const before = await airlock.call<{ requests: { id: number; state: string }[] }>('/api/requests?limit=1')
  for (const [what, headers] of foreignSites)
    for (const path of paths) {
      const code = await send({ headers, path, body: wish })
      assert.ok(code === 403 || code === 415, `${what} at ${path}: ${code}`)
    }
  const afterwards = await airlock.call<{ requests: { id: number; state: string }[] }>('/api/requests?limit=1')
  assert.deepEqual(afterwards.requests[0]!.id, before.requests[0]!.id)
})

test(`none of ${foreignHosts.length * 4} requests to a foreign name is answered`, async () => {
  for (const host of foreignHosts)
    for (const [method, path] of [
      ['GET', '/'],
      ['GET', '/api/requests'],
      ['GET', '/api/events'],
      ['POST', '/api/requests'],
    ] as const) {
      const code = await send({
        host,
        method,
        path,
        headers: { ...json, accept: 'text/html' },
        body: method === 'POST' ? wish : '',
      })
      assert.ok(code === 421 || code === 400, `${method} ${path} of ${JSON.stringify(host)}: ${code}`)
    }
})

test('nothing changes by GET, whatever it asks for', async () => {
  for (const path of [
    '/api/requests/1/cancel',
    '/api/requests/1/retry',
    '/api/maintenance/rebuild',
    '/api/closures',
    '/api/requirements/check',
  ])
    assert.equal(await send({ method: 'GET', path, headers: { accept: 'application/json' } }), 404, path)
})
