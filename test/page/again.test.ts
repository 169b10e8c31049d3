/** What becomes of a request afterwards: asked again whole, told of by the browser, followed where there is no stream. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser, BrowserContext } from 'playwright-core'
import type { RequestDetail, RequestView } from '../../server/contract.ts'
import { startAirlock, type Airlock } from '../support/airlock.ts'
import { startArchive } from '../support/archive.ts'
import { gate } from '../support/gate.ts'
import { startIndex, type TestIndex } from '../support/index.ts'
import { sabotageOf } from '../support/sabotage.ts'
import { file } from '../support/upstream.ts'
import { makeWheel } from '../support/wheels.ts'
import { focusBox, openPage, startBrowser, until } from './browser.ts'

let index: TestIndex
let airlock: Airlock
let browser: Browser

before(async () => {
  index = await startIndex()
  for (const version of ['1.0', '2.0']) index.add(makeWheel({ name: 'base', version }))
  index.add(makeWheel({ name: 'widget', version: '1.0', requires: ['base'] }))
  airlock = await startAirlock({ index: index.url, config: { download: { overlap: 0 } } })
  browser = await startBrowser()
})

after(async () => {
  await browser?.close()
  await airlock?.close()
  await index?.close()
})

const bound = { ecosystem: 'pip', requirements: ['widget'], constraints: ['base<2'], targets: ['default'] } as const
const baseOf = ({ closure }: RequestDetail) => closure!.find(({ project }) => project === 'base')?.version

test('a request that is asked again keeps what came beside its lines', async () => {
  const [first] = await airlock.askFor(structuredClone(bound) as never)
  assert.equal(baseOf(await airlock.ready(first!.id)), '1.0')
  const { page, context, problems } = await openPage(browser, `${airlock.consoleUrl}/requests/${first!.id}`)
  await page.getByRole('button', { name: 'Ask again, newest' }).click()
  const link = page.locator('.actions a')
  await link.waitFor()
  const again = Number((await link.getAttribute('href'))!.split('/').at(-1))
  assert.notEqual(again, first!.id)
  assert.equal(baseOf(await airlock.ready(again)), '1.0')
  assert.deepEqual(problems, [])
  await context.close()
})

test('control: where its options are left behind, that is seen', async (t) => {
  const cut = { file: 'server/console/requests.ts', from: 'options: job.options }))', to: 'options: {} }))' }
  const forgetful = await startAirlock({ index: index.url, preload: ['sabotage.ts'], env: sabotageOf([cut]) })
  t.after(() => forgetful.close())
  const [first] = await forgetful.askFor(structuredClone(bound) as never)
  await forgetful.ready(first!.id)
  const { requests } = await forgetful.call<{ requests: RequestView[] }>(`/api/requests/${first!.id}/repeat`, {})
  assert.equal(baseOf(await forgetful.ready(requests[0]!.id)), '2.0')
})

/** A page whose request 1 is shown with some of it changed. */
async function changed(context: BrowserContext, more: (request: RequestDetail) => Partial<RequestDetail>) {
  await context.route('**/api/requests/1', async (route) => {
    const answer = await route.fetch()
    const request = (await answer.json()) as RequestDetail
    await route.fulfill({ response: answer, json: { ...request, ...more(request) } })
  })
}

test('updates that come along are marked, and what was taken back has no line to copy', async () => {
  const { page, context, problems } = await openPage(browser, airlock.consoleUrl)
  await changed(context, ({ closure }) => ({
    install: '',
    withdrawn: true,
    closure: closure!.map((item) => ({ ...item, update: item.project === 'base' })),
  }))
  await page.goto(`${airlock.consoleUrl}/requests/1`)
  await page.waitForSelector('.closure .along')
  const marked = await page.locator('tr:has(.along)').allInnerTexts()
  assert.equal(marked.length, 1)
  assert.match(marked[0]!, /base\s*update/)
  assert.match(await page.innerText('h1'), /^withdrawn/)
  assert.equal(await page.locator('.request-main section > .command').count(), 0)
  assert.deepEqual(problems, [])
  await context.close()
})

test('a withdrawal says what it takes back and that it is done, and is not asked for again', async (t) => {
  const archive = await startArchive()
  t.after(() => archive.close())
  await archive.add({ name: 'jq' }, { name: 'tree' })
  const apt = { architectures: ['amd64'], sources: archive.sources, status: 'none', updateAfter: 0 }
  const own = await startAirlock({ config: { targets: { default: { apt } } } })
  t.after(() => own.close())
  const [asked] = await own.askFor({ ecosystem: 'apt', requirements: ['jq', 'tree'], targets: ['default'] })
  await own.ready(asked!.id)
  const [gone] = await own.askFor({ ecosystem: 'apt', requirements: ['jq'], targets: ['default'] })
  await own.ready(gone!.id)
  const { requests } = await own.call<{ requests: RequestView[] }>('/api/withdrawals', {
    ecosystem: 'apt',
    roots: ['jq'],
  })
  const { id } = await own.ready(requests[0]!.id)
  const { page, context, problems } = await openPage(browser, own.consoleUrl)
  assert.match(await page.innerText(`tr[data-request="${id}"]`), /^done\s*apt withdraw jq\s/)
  assert.match(await page.innerText(`tr[data-request="${asked!.id}"]`), /^ready\s[^]*apt-get install tree\s*$/)
  assert.match(await page.innerText(`tr[data-request="${gone!.id}"]`), /^withdrawn\s/)
  await page.goto(`${own.consoleUrl}/requests/${gone!.id}`)
  await page.waitForSelector('.timeline')
  assert.match(await page.innerText('.request-main'), /jq was withdrawn from default: ask for it again/)
  assert.deepEqual(await page.locator('.actions button').allInnerTexts(), ['Ask again, newest'])
  await page.goto(`${own.consoleUrl}/requests/${id}`)
  await page.waitForSelector('.timeline')
  assert.match(await page.innerText('h1'), /^done\s+withdraw jq$/)
  assert.equal(await page.title(), 'done · withdraw jq · Airlock')
  assert.match(await page.innerText('.timeline'), /done/)
  assert.equal(await page.locator('.actions button').count(), 0)
  assert.doesNotMatch(await page.innerText('main'), /What it brings/)
  await page.click('.mantine-SegmentedControl-label:has-text("中")')
  await page.waitForSelector('h1:has-text("撤回 jq")')
  assert.match(await page.innerText('h1'), /^已完成/)
  await page.goto(`${own.consoleUrl}/requests/${asked!.id}`)
  await page.waitForSelector('.closure')
  const columns = await page.locator('.closure th').allInnerTexts()
  assert.ok(columns.includes('大小') && !columns.includes('发布时间'), 'archives do not say when')
  assert.deepEqual(problems, [])
  await context.close()
})

test('a failed request and a refusal show what finds them in the server’s log', async () => {
  const { id } = await airlock.ask('nobody-has-this')
  await airlock.problem(id)
  const { reqId } = await airlock.get(id)
  const { page, context } = await openPage(browser, `${airlock.consoleUrl}/requests/${id}`)
  assert.equal(await page.innerText('.problem .log-id code'), reqId)
  await focusBox(page)
  await page.keyboard.type('not a line at all ;;')
  await page.keyboard.press('Control+Enter')
  await page.waitForSelector('.ask-says .log-id code')
  const refused = await page.innerText('.ask-says .log-id code')
  await page.waitForSelector('.ask-says.cause:has-text("a line above is refused")')
  assert.match(await page.innerText('.checked .cause'), /^“not a line at all ;;” is not a requirement/)
  const isLogged = () =>
    airlock
      .log()
      .split('\n')
      .some((text) => text.includes(refused) && text.includes('"status":400'))
  // an exchange's own line is written once its answer has gone
  for (const late = Date.now() + 20_000; !isLogged(); await sleep(20))
    assert.ok(Date.now() < late, 'the refusal stands in the log under the id that the page made')
  await context.close()
})

test('on a narrow screen offered names push down what is said of the lines, and cover nothing', async () => {
  const { page, context } = await openPage(browser, airlock.consoleUrl, { width: 375 })
  assert.equal(await page.locator('td.target').first().isVisible(), true, 'one asked for two kinds of pod is two rows')
  await focusBox(page)
  await page.keyboard.type('widget bas')
  await page.waitForSelector('.offers li')
  await page.waitForSelector('.ask-more')
  // what lies in the bar below or beside the box, and how much of it the list is over
  const look = (position: string) =>
    page.evaluate(`(() => {
      const list = document.querySelector('.offers')
      list.style.position = '${position}'
      const [offers, ...others] = [list, ...document.querySelectorAll('.ask-main > :not(.names), form > :not(.ask-main)')]
        .map((one) => one.getBoundingClientRect())
        .filter(({ height }) => height > 0)
      const covered = others.filter((one) => one.top < offers.bottom && one.bottom > offers.top)
      return [others.length >= 2, covered.length > 0]
    })()`)
  assert.deepEqual(await look(''), [true, false])
  assert.deepEqual(await look('absolute'), [true, true], 'the control: where it floats, it covers something')
  await look('')
  assert.equal(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true)
  await context.close()
})

/** In the place of the browser's own: what would have been shown. */
const recorder = `window.told = []
window.Notification = class {
  static permission = 'granted'
  static requestPermission = async () => 'granted'
  constructor(title, { body, tag }) { window.told.push({ title, body, tag }) }
  addEventListener() {}
}`

test('whoever wants to be told is told once when what was asked is ready, also where there is no stream', async () => {
  const wheel = makeWheel({ name: 'slow', version: '1.0' })
  index.add(wheel)
  const way = gate(file(wheel.bytes, { etag: `"${wheel.sha256}"` }))
  index.files.on(index.pathOf(wheel), way.answer)
  const { page, context, problems } = await openPage(browser, airlock.consoleUrl)
  await context.addInitScript(recorder)
  await context.route('**/api/events', (route) => route.fulfill({ status: 404, body: '' }))
  await page.goto(airlock.consoleUrl)
  await focusBox(page)
  await page.keyboard.type('slow')
  await page.getByRole('checkbox', { name: /tell|notify/i }).check()
  await page.locator('textarea[aria-autocomplete="list"]').press('Control+Enter')
  await way.asked
  // nobody tells the page, so it has to look
  await page.waitForSelector('tr[data-request] [data-state="downloading"]', { timeout: 60_000 })
  assert.deepEqual(await page.evaluate('window.told'), [])
  way.open()
  await page.waitForSelector('tr[data-request]:has-text("slow") [data-state="ready"]', { timeout: 60_000 })
  await until(page, 'window.told.length > 0', 60_000)
  const told = await page.evaluate<{ title: string; body: string; tag: string }[]>('window.told')
  assert.equal(told.length, 1)
  assert.match(told[0]!.title, /slow/)
  assert.match(told[0]!.body, /pip install .*slow/)
  assert.match(told[0]!.tag, /^airlock-\d+$/)
  assert.equal(await page.evaluate("localStorage.getItem('airlock.mine')"), '', 'and not looked after any more')
  assert.deepEqual(problems, [])
  await context.close()
})
