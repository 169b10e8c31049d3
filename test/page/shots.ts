/** `npm run shots`: every page in both languages, colours and widths as PNG, for a person to look at. FOLDER is var/shots unless given. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startAirlock } from '../support/airlock.ts'
import { startIndex } from '../support/index.ts'
import { openPage, startBrowser } from './browser.ts'
import { fill, views } from './views.ts'

const folder = process.argv[2] ?? fileURLToPath(new URL('../../var/shots', import.meta.url))
const looks = [
  { look: 'en-light', language: 'en', scheme: 'light', width: 1280 },
  { look: 'zh-dark', language: 'zh', scheme: 'dark', width: 1280 },
  { look: 'zh-narrow', language: 'zh', scheme: 'light', width: 375 },
] as const

const index = await startIndex()
const airlock = await startAirlock({ index: index.url, config: { download: { overlap: 0 } } })
const browser = await startBrowser()
try {
  await mkdir(folder, { recursive: true })
  const empty = [{ name: 'empty', path: '/' }]
  for (const shown of [empty, views]) {
    if (shown === views) await fill(airlock, index)
    for (const { look, ...how } of looks) {
      for (const { name, path, act } of shown as typeof views) {
        const { page, context } = await openPage(browser, airlock.consoleUrl + path, how)
        await act?.(page)
        await page.waitForTimeout(300)
        await page.screenshot({ path: join(folder, `${name}-${look}.png`), fullPage: true })
        await context.close()
      }
    }
  }
  process.stdout.write(`${folder}\n`)
} finally {
  await browser.close()
  await airlock.close()
  await index.close()
}
