/** How what was asked for imports, on its page, without anybody reloading it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startAirlock } from '../support/airlock.ts'
import { startIndex } from '../support/index.ts'
import { makeWheel } from '../support/wheels.ts'
import { openPage, startBrowser } from './browser.ts'

test('a ready request says after a while how it imports, as text', async (t) => {
  const index = await startIndex()
  t.after(() => index.close())
  const airlock = await startAirlock({ index: index.url, config: { imports: '200 MB' } })
  t.after(() => airlock.close())
  const browser = await startBrowser()
  t.after(() => browser.close())
  const code = 'import time; time.sleep(4)\nraise ValueError("<img src=x onerror=window.ran=1>")\n'
  index.add(makeWheel({ name: 'slow', version: '1.0', files: { 'slow/__init__.py': code } }))
  // the page stands before the request is ready: to open one may take longer than the module sleeps
  const { page, problems } = await openPage(browser, airlock.consoleUrl)
  const { id } = await airlock.ask('slow')
  await page.goto(`${airlock.consoleUrl}/requests/${id}`)
  await page.waitForSelector('h1 [data-state="ready"]')
  await page.waitForSelector('table.closure')
  assert.doesNotMatch(await page.innerText('main'), /slow cannot be imported/)
  await page.waitForSelector('text=slow installs, but slow cannot be imported here: ValueError: <img')
  assert.equal(await page.evaluate('window.ran'), undefined)
  assert.equal(await page.locator('p.remark').count(), 1)
  index.add(makeWheel({ name: 'fine', version: '1.0', files: { 'fine/__init__.py': '' } }))
  const fine = await airlock.ready((await airlock.ask('fine')).id)
  await page.goto(`${airlock.consoleUrl}/requests/${fine.id}`)
  await page.waitForSelector('p.dim:has-text("Tried out here in a sandbox: fine imported")')
  assert.equal(await page.locator('p.remark').count(), 0, 'it is no warning')
  assert.deepEqual(problems, [])
})
