/** A lock dropped on the page, for all kinds of pod at once; and what has become of it for each. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { startAirlock, type Airlock } from '../support/airlock.ts'
import { startIndex, type TestIndex } from '../support/index.ts'
import { makeWheel } from '../support/wheels.ts'
import { openPage, startBrowser, until } from './browser.ts'

let index: TestIndex
let airlock: Airlock
let browser: Browser

const widget = makeWheel({ name: 'widget', version: '1.0', requires: ['not-locked'] })
const narrow = makeWheel({ name: 'narrow', version: '1.0', tag: 'cp311-cp311-manylinux_2_17_x86_64' })
const target = (python: string) => ({ pip: { python, platform: 'x86_64-manylinux_2_36' } })

before(async () => {
  index = await startIndex()
  index.add(widget)
  index.add(narrow)
  const targets = { new: target('3.12.1'), old: target('3.11.7') }
  airlock = await startAirlock({ index: index.url, config: { targets } })
  browser = await startBrowser()
})
after(async () => {
  await browser?.close()
  await airlock?.close()
  await index?.close()
})

const entry = ({ name, version }: { name: string; version: string }, sha256: string) =>
  `[[packages]]\nname = "${name}"\nversion = "${version}"\nwheels = [{ url = "https://files.example/x.whl", hashes = { sha256 = "${sha256}" } }]\n`

test('a dropped lock is asked for as it is, for all targets, and each says what it has come to', async () => {
  const lock = `lock-version = "1.0"\n${entry({ name: 'widget', version: '1.0' }, widget.sha256)}${entry({ name: 'narrow', version: '1.0' }, narrow.sha256)}`
  const { page, context, problems } = await openPage(browser, airlock.consoleUrl)
  try {
    await page.fill('textarea[aria-autocomplete="list"]', 'widget')
    await page.keyboard.press('Enter')
    await page.waitForSelector('.preview')
    await page.click('button.targets')
    await page.click('.choices button.act')
    assert.equal(await page.locator('.preview').count(), 0, 'it was for other targets')
    await page.keyboard.press('Escape')
    await page.evaluate(`{
      const data = new DataTransfer()
      data.items.add(new File([${JSON.stringify(lock)}], 'pylock.toml'))
      document.querySelector('form.ask').dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }))
    }`)
    await page.waitForSelector('text=pylock.toml: exactly the files that it locks')
    await page.click('form.ask button[type="submit"]')
    await page.waitForSelector('.ask-says a')
    const links = await page.$$eval('.ask-says a', (all) => all.map((link) => link.getAttribute('href')!))
    assert.equal(links.length, 2)
    const ids = links.map((href) => Number(href.split('/').at(-1)))
    const requests = await Promise.all(ids.map((id) => airlock.wait(id)))
    assert.deepEqual(requests.map(({ target: name, state }) => `${name} ${state}`).toSorted(), [
      'new failed',
      'old ready',
    ])

    await page.click('.ask-says a')
    await page.waitForSelector('text=For all targets: 1 of 2 can install it')
    await until(page, `document.querySelectorAll('table.matrix tbody tr').length === 2`)
    const rows = await page.$$eval('table.matrix tbody tr', (all) => all.map((one) => one.textContent))
    assert.match(rows[0], /^newfailedNo release of narrow==1\.0 has a file for new/)
    assert.match(rows[1], /^oldready2 files/)
    assert.deepEqual(problems, [])
  } finally {
    await context.close()
  }
})
