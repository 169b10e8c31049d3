/**
 * A real browser in front of the real server. Every page watches itself: what runs that should not, what is asked of
 * another host, what the policy stopped.
 */
import { accessSync } from 'node:fs'
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'

export type Look = {
  readonly language?: 'en' | 'zh'
  readonly scheme?: 'light' | 'dark'
  readonly width?: number
}
export type Watched = {
  readonly page: Page
  readonly context: BrowserContext
  /** Errors of scripts and of the policy, dialogs, and requests that left the console's own address. */
  readonly problems: readonly string[]
}

/** Milliseconds for what a page does by itself, on a machine that has much else to do. */
const patience = 60_000

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** Throws when there is none: scripts/setup-test installs Debian's. */
export async function startBrowser(): Promise<Browser> {
  const executablePath = places.find(exists)
  if (executablePath === undefined) throw new Error(`no browser at ${places.join(', ')}`)
  // root may not use the sandbox; a container’s /dev/shm is small
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
}

export async function openPage(browser: Browser, url: string, look: Look = {}): Promise<Watched> {
  const { language = 'en', scheme = 'light', width = 1280 } = look
  const context = await browser.newContext({
    viewport: { width, height: 800 },
    locale: language === 'zh' ? 'zh-CN' : 'en-US',
    colorScheme: scheme,
    reducedMotion: 'reduce',
  })
  context.setDefaultTimeout(patience)
  const page = await context.newPage()
  const problems: string[] = []
  const own = new URL(url).origin
  page.on('pageerror', (error) => problems.push(`error: ${error.message}`))
  page.on('dialog', (dialog) => {
    problems.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('console', (message) => {
    // a refusal of the API is an answer like any other, and a server that is gone is what one test is about
    if (message.type() === 'error' && !/Failed to load resource|ERR_CONNECTION/.test(message.text()))
      problems.push(`console: ${message.text()}`)
  })
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== own) problems.push(`asked: ${request.url()}`)
  })
  await page.goto(url)
  await page.waitForSelector('main > *')
  return { page, context, problems }
}

/** Presses `/` until the box for names has the focus: a page that was just opened does not listen yet. */
export async function focusBox(page: Page): Promise<void> {
  const box = page.locator('textarea[aria-autocomplete="list"]')
  await box.waitFor()
  for (const late = Date.now() + patience; ;) {
    await page.keyboard.press('/')
    if (await box.evaluate((element) => element === element.ownerDocument.activeElement)) return
    if (Date.now() > late) throw new Error('the box for names does not take the focus')
  }
}

/** Looks until an expression is true in the page: the policy bars the page from evaluating it by itself. */
export async function until(page: Page, expression: string, ms = patience): Promise<void> {
  for (const late = Date.now() + ms; !(await page.evaluate(expression));) {
    if (Date.now() > late) throw new Error(`not within ${ms} ms: ${expression}`)
    await page.waitForTimeout(30)
  }
}

function exists(path: string): boolean {
  try {
    accessSync(path)
    return true
  } catch {
    return false
  }
}
