/** axe-core on every page, in each of its states, in both languages and both colours. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { startAirlock, type Airlock } from '../support/airlock.ts'
import { startIndex, type TestIndex } from '../support/index.ts'
import { openPage, startBrowser } from './browser.ts'
import { fill, views } from './views.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

let index: TestIndex
let airlock: Airlock
let browser: Browser

before(async () => {
  index = await startIndex()
  airlock = await startAirlock({ index: index.url, config: { download: { overlap: 0 } } })
  await fill(airlock, index)
  browser = await startBrowser()
})

after(async () => {
  await browser?.close()
  await airlock?.close()
  await index?.close()
})

type Violation = {
  readonly id: string
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[]
}

async function violations(page: Page): Promise<string[]> {
  // the policy bars a script element; the debugger's own way in is not the page's
  await page.evaluate(axe)
  const found = await page.evaluate<Violation[]>('axe.run(document).then(({ violations }) => violations)')
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`),
  )
}

// names come with the language and contrasts with the colours: two of the four pairs have them all
for (const [language, scheme] of [
  ['en', 'light'],
  ['zh', 'dark'],
] as const) {
  test(`axe finds nothing on ${views.length} views, ${language}, ${scheme}`, async () => {
    const { page, context, problems } = await openPage(browser, airlock.consoleUrl, { language, scheme })
    for (const { name, path, act } of views) {
      await page.goto(airlock.consoleUrl + path)
      await page.waitForSelector('main > *')
      await act?.(page)
      assert.deepEqual(await violations(page), [], name)
    }
    assert.deepEqual(problems, [])
    await context.close()
  })
}
