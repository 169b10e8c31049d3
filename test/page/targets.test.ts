/** Another kind of pod, added on the page by its description: pasted, dropped, refused, removed. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import type { TargetView } from '../../server/contract.ts'
import { startAirlock, type Airlock } from '../support/airlock.ts'
import { describePod, pythonSections, system } from '../support/description.ts'
import { startIndex, type TestIndex } from '../support/index.ts'
import { openPage, startBrowser, type Watched } from './browser.ts'

let index: TestIndex
let airlock: Airlock
let browser: Browser

before(async () => {
  index = await startIndex()
  const pip = { python: '3.12.1', platform: 'x86_64-manylinux_2_36' }
  airlock = await startAirlock({ index: index.url, config: { targets: { usual: { pip } } } })
  browser = await startBrowser()
})

after(async () => {
  await browser?.close()
  await airlock?.close()
  await index?.close()
})

async function visit(work: (watched: Watched) => Promise<void>, language: 'en' | 'zh' = 'en'): Promise<void> {
  const watched = await openPage(browser, `${airlock.consoleUrl}/pod`, { language })
  try {
    await work(watched)
    assert.deepEqual(watched.problems, [])
  } finally {
    await watched.context.close()
  }
}

const names = async () =>
  (await airlock.call<{ targets: TargetView[] }>('/api/targets')).targets.map(({ name }) => name).toSorted()
const two = describePod(
  ...system,
  ...pythonSections('/usr/bin/python3'),
  ...pythonSections('/opt/conda/bin/python3', { version: '3.10.4', isDefault: false }),
)

test('a pasted description becomes a target, of the Python that is chosen, and is there without a reload', () =>
  visit(async ({ page }) => {
    await page.fill('.add-target input:not([type="file"])', 'conda')
    await page.fill('.add-target textarea:not([aria-hidden])', two)
    await page.selectOption('.add-target select', '/opt/conda/bin/python3')
    await page.click('.add-target button[type="submit"]')
    await page.waitForSelector('#pip-conda')
    assert.match(
      await page.innerText('section[aria-labelledby="another"] [role="status"]'),
      /conda is there from now on: Python 3\.10\.4/,
    )
    assert.deepEqual(
      (await names()).filter((name) => name === 'conda'),
      ['conda'],
    )
  }))

test('a dropped file is read, one that was cut short is refused with its line, in the reader’s language', () =>
  visit(async ({ page }) => {
    const cut = two.replace('== end\n', '')
    const file = await page.evaluateHandle(`(() => {
      const all = new DataTransfer()
      all.items.add(new File([${JSON.stringify(cut)}], 'pod.txt', { type: 'text/plain' }))
      return all
    })()`)
    await page.dispatchEvent('.add-target', 'drop', { dataTransfer: file })
    await page.fill('.add-target input:not([type="file"])', 'cut')
    await page.click('.add-target button[type="submit"]')
    await page.waitForSelector('.failure')
    const said = await page.innerText('.failure')
    assert.match(said, new RegExp(`第 ${cut.trimEnd().split('\n').length} 行：.*被截断`))
    assert.match(said, /setup\.sh --describe/)
    assert.equal(await page.inputValue('.add-target textarea:not([aria-hidden])'), cut, 'it stays to be mended')
    assert.ok(!(await names()).includes('cut'))
  }, 'zh'))

test('a wrong name cannot be sent, and only what was added can be removed, after a second look', () =>
  visit(async ({ page }) => {
    await page.fill('.add-target textarea:not([aria-hidden])', two)
    await page.fill('.add-target input:not([type="file"])', 'Not A Name')
    assert.ok(await page.isDisabled('.add-target button[type="submit"]'))
    assert.equal(
      await page.locator('section[aria-labelledby="pip-usual"] button.act', { hasText: 'remove' }).count(),
      0,
    )
    const remove = page.locator('section[aria-labelledby="pip-conda"] h2 button.act')
    await remove.click()
    assert.ok((await names()).includes('conda'), 'one click does nothing yet')
    await remove.click()
    await page.waitForSelector('#pip-conda', { state: 'detached' })
    assert.ok(!(await names()).includes('conda'))
  }))
