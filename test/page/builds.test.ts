/** A build on the page: from the request to its log, whatever the log says. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { startBuilding } from '../support/building.ts'
import { openPage, startBrowser, type Watched } from './browser.ts'

let rig: Awaited<ReturnType<typeof startBuilding>>
let browser: Browser
let watched: Watched

before(async () => {
  rig = await startBuilding()
  browser = await startBrowser()
  watched = await openPage(browser, rig.airlock.consoleUrl)
})

after(async () => {
  await browser?.close()
  await rig?.close()
})

const hostile = `print("<script>window.ran=1</script><img src=x onerror=window.ran=1>", flush=True)`

test('what was built here says so, and leads to its source, its requirements and its log', async () => {
  rig.wheel({ name: 'src-tool', version: '1.0' })
  rig.source({ name: 'src-shown', version: '1.0', buildRequires: ['src-tool'], before: hostile })
  const { id } = await rig.bring('default', 'src-shown')
  const { page } = watched
  await page.goto(`${rig.airlock.consoleUrl}/requests/${id}`)
  await page.click('table.closure a:text("built here")')
  await page.waitForSelector('pre.log')
  const text = await page.innerText('main')
  for (const part of ['src-shown 1.0', 'src_shown-1.0-py3-none-any.whl', 'src_shown-1.0.tar.gz', 'src_tool-1.0'])
    assert.ok(text.includes(part), part)
  assert.ok((await page.innerText('pre.log')).includes('<script>window.ran=1</script>'), 'the log is text')
  assert.equal(await page.evaluate('window.ran'), undefined)
  assert.deepEqual(watched.problems, [])
})

test('a request whose build failed says the cause and links the log; a build that is not there is said so', async () => {
  rig.source({ name: 'src-sad', version: '1.0', before: 'raise RuntimeError("no luck")' })
  const { airlock } = rig
  const { id } = await airlock.ask('src-sad')
  await airlock.problem(id)
  const { page } = watched
  await page.goto(`${airlock.consoleUrl}/requests/${id}`)
  await page.waitForSelector('.problem')
  assert.match(await page.innerText('.problem'), /RuntimeError: no luck/)
  await page.click('.problem a')
  await page.waitForSelector('pre.log')
  assert.match(await page.innerText('pre.log'), /Traceback/)
  await page.goto(`${airlock.consoleUrl}/builds/999`)
  await page.waitForSelector('.empty')
  assert.match(await page.innerText('.empty'), /no build 999/)
})
