/** What people do on the page, done by a browser on the real server, with an upstream that this test builds. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { startAirlock, type Airlock } from '../support/airlock.ts'
import { startIndex, type TestIndex } from '../support/index.ts'
import { file, status, trickle } from '../support/upstream.ts'
import { makeWheel } from '../support/wheels.ts'
import { focusBox, openPage, startBrowser, until, type Look, type Watched } from './browser.ts'

let index: TestIndex
let airlock: Airlock
let browser: Browser

const large = makeWheel({
  name: 'large',
  version: '1.0',
  files: { 'large/blob': randomBytes(6 << 20) },
  method: 'stored',
})
const flaky = makeWheel({ name: 'flaky', version: '1.0' })

before(async () => {
  index = await startIndex()
  index.add(makeWheel({ name: 'base', version: '1.5', summary: 'What others stand on' }))
  index.add(makeWheel({ name: 'widget', version: '1.0', requires: ['base'] }))
  index.add(makeWheel({ name: 'widget', version: '2.0', requires: ['base<2'] }))
  index.add(large)
  index.add(flaky)
  index.files.on(index.pathOf(flaky), status(404))
  airlock = await startAirlock({ index: index.url, config: { download: { overlap: 0 } } })
  browser = await startBrowser()
})

after(async () => {
  await browser?.close()
  await airlock?.close()
  await index?.close()
})

/** A page that must have done nothing wrong by the end of its test. */
async function visit(path: string, work: (watched: Watched) => Promise<void>, look?: Look): Promise<void> {
  const watched = await openPage(browser, airlock.consoleUrl + path, look)
  try {
    await work(watched)
    assert.deepEqual(watched.problems, [])
  } finally {
    await watched.context.close()
  }
}

const names = 'textarea[aria-autocomplete="list"]'
const row = (id: number) => `tr[data-request="${id}"]`

test('the empty board walks to the first install, and the first request appears at once, by keyboard only', () =>
  visit('/', async ({ page }) => {
    await page.waitForSelector('.welcome')
    await focusBox(page)
    await page.keyboard.type('widget')
    await page.keyboard.press('Enter')
    await page.waitForSelector('.preview table')
    assert.match(await page.innerText('.preview'), /2 packages for default: 2 new/)
    assert.match(await page.innerText('.preview'), /base\s*new\s*1\.5[\s\S]*widget/)
    assert.equal(
      (await airlock.call<{ requests: unknown[] }>('/api/requests')).requests.length,
      0,
      'a preview keeps nothing',
    )
    await page.keyboard.press('Control+Enter')
    await page.waitForSelector(`${row(1)} [data-state="ready"]`)
    assert.match(await page.innerText(row(1)), /pip install widget/)
    assert.equal(await page.inputValue(names), '')
  }))

test('names that are here are completed while typing, and what is here already is said with its line', () =>
  visit('/', async ({ page }) => {
    await focusBox(page)
    await page.keyboard.type('wid')
    await page.waitForSelector('.offers li')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    assert.equal(await page.inputValue(names), 'widget')
    await page.waitForSelector('.checked .here')
    assert.match(await page.innerText('.checked'), /widget \(2\.0\) is already here:\s*pip install widget/)
  }))

test('what was answered for one kind of package goes when another is chosen', () =>
  visit('/', async ({ page }) => {
    const kind = (name: string) => page.click(`form.ask .mantine-SegmentedControl-label:has-text("${name}")`)
    await page.fill(names, 'large')
    await page.keyboard.press('Enter')
    await page.waitForSelector('.preview table')
    assert.match(await page.innerText('.preview'), /^1 package for default: 1 new/m)
    await kind('apt')
    assert.equal(await page.locator('.preview').count(), 0)
    await kind('pip')
    assert.equal(await page.locator('.preview').count(), 0)
    await page.fill(names, 'not a line ;;')
    await page.keyboard.press('Control+Enter')
    await page.waitForSelector('.ask-says.cause')
    await kind('apt')
    assert.equal(await page.locator('.ask-says.cause').count(), 0)
  }))

test('a slash brings one to the box from wherever it is not text itself', () =>
  visit('/', async ({ page }) => {
    const active = () => page.evaluate('document.activeElement.tagName')
    await focusBox(page)
    await page.focus('form.ask input[type=radio]')
    assert.equal(await active(), 'INPUT')
    await page.keyboard.press('/')
    assert.equal(await active(), 'TEXTAREA')
    await page.keyboard.type('a/b')
    assert.equal(await page.inputValue(names), 'a/b')
  }))

test('nothing that is typed reaches upstream', async () => {
  const before = index.asked().length
  await visit('/', async ({ page }) => {
    await focusBox(page)
    await page.keyboard.type('neverheardof widgett bas')
    await page.waitForSelector('.checked button')
    // the names on offer stand before it
    await page.keyboard.press('Escape')
    assert.match(await page.innerText('.checked'), /widgett: New here. Did you mean widget/)
    await page.click('.checked button')
    assert.equal(await page.inputValue(names), 'neverheardof widget bas')
  })
  assert.equal(index.asked().length, before)
})

test('a line that cannot be read is said to be so in the server’s words, in Chinese too', () =>
  visit(
    '/',
    async ({ page }) => {
      await page.fill(names, '-r other.txt')
      await page.waitForSelector('.checked .cause')
      assert.match(await page.innerText('.checked'), /不接受 “-r other\.txt”/)
    },
    { language: 'zh' },
  ))

test('a line that names an index is judged by the server before anything is previewed or asked for', () =>
  visit('/', async ({ page }) => {
    await page.fill(names, '--extra-index-url http://elsewhere.example/simple/\nbase')
    await page.waitForSelector('.checked .cause')
    assert.match(await page.innerText('.checked .cause'), /which indexes are asked is Airlock’s configuration/)
    await page.press(names, 'Enter')
    await page.waitForSelector('.preview .failure .log-id')
    assert.match(await page.innerText('.preview'), /which indexes are asked is Airlock’s configuration/)
    assert.equal(await page.locator('.preview .failure button').count(), 0, 'it is refused again')
    await page.keyboard.press('Control+Enter')
    await page.waitForSelector('.ask-says.cause')
    assert.doesNotMatch(await page.innerText('.ask-says.cause'), /which indexes/)
  }))

test('a line that names the configured index stands in nobody’s way', () =>
  visit('/', async ({ page }) => {
    await page.fill(names, `--index-url ${index.url}\nbase`)
    await page.press(names, 'Enter')
    await page.waitForSelector('.preview table')
    assert.match(await page.innerText('.preview table'), /base/)
    assert.equal(await page.locator('.checked .cause').count(), 0)
  }))

test('pasted output of a failed install becomes names, and the paste can be had back', () =>
  visit('/', async ({ page }) => {
    await page.focus(names)
    await page.evaluate(`{
      const data = new DataTransfer()
      data.setData('text/plain', 'E: Unable to locate package ffmpeg\\nE: Unable to locate package libgl1')
      document.activeElement.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }))
    }`)
    assert.equal(await page.inputValue(names), 'ffmpeg\nlibgl1')
    assert.equal(await page.isChecked('input[value="apt"]'), true)
    await page.click('.ask-says .act')
    assert.match(await page.inputValue(names), /^E: Unable/)
  }))

test('a dropped requirements file is taken, and its hashes are sent with it', () =>
  visit('/', async ({ page }) => {
    const wheel = makeWheel({ name: 'base', version: '1.5', summary: 'What others stand on' })
    await page.evaluate(`{
      const data = new DataTransfer()
      data.items.add(new File(['# ours\\nbase==1.5 \\\\\\n    --hash=sha256:${wheel.sha256}\\n'], 'requirements.txt'))
      document.querySelector('form.ask').dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }))
    }`)
    await until(page, `document.querySelector('${names}').value.includes('--hash')`)
    await page.waitForSelector('.checked .here')
    await page.keyboard.press('Control+Enter')
    await page.waitForSelector('.ask-says a')
    const id = Number((await page.getAttribute('.ask-says a', 'href'))!.split('/').at(-1))
    assert.equal((await airlock.ready(id)).requirements[0], 'base==1.5')
    await page.click('.ask-says a')
    await page.waitForSelector('.closure-head')
    assert.match(await page.innerText('.closure-head'), /^1 file, .* in all\s*nothing new/)
  }))

test('progress is seen live, and a cancel ends it', async () => {
  // half a minute: it is not whole before somebody has opened the page and seen it grow
  index.files.on(index.pathOf(large), trickle(large.bytes, 4096, 20, { etag: '"1"' }))
  const { id } = await airlock.ask('large')
  await visit('/', async ({ page }) => {
    await page.waitForSelector(`${row(id)} progress`)
    await page.waitForSelector('[data-line="live"]')
    const first = Number(await page.getAttribute(`${row(id)} progress`, 'value'))
    await until(page, `Number(document.querySelector('${row(id)} progress')?.value) > ${first}`)
    await page.click(`${row(id)} .act`)
    await page.waitForSelector(`${row(id)} [data-state="cancelled"]`)
  })
  assert.equal((await airlock.get(id)).state, 'cancelled')
})

test('who did what to a request is told once more was done than to ask', async () => {
  const asked = await airlock.ask('widget==99')
  await airlock.problem(asked.id)
  await visit(`/requests/${asked.id}`, async ({ page }) => {
    await page.waitForSelector('.problem')
    assert.equal(await page.locator('.history').count(), 0)
    await page.fill(names, 'x')
    await page.fill('[aria-label="Your name"]', 'zhou')
    await page.fill(names, '')
    await page.click('.actions button')
    await page.waitForSelector('.history')
    assert.match(await page.innerText('.history'), /somebody asked[^]*zhou tried it again/)
  })
})

test('a failure says why, and a retry that succeeds is seen without a reload', async () => {
  const { id } = await airlock.ask('flaky')
  await airlock.problem(id)
  await visit(`/requests/${id}`, async ({ page }) => {
    await page.waitForSelector('.problem')
    assert.match(await page.innerText('.problem'), /404/)
    index.files.on(index.pathOf(flaky), file(flaky.bytes, { etag: '"2"' }))
    await page.click('.actions button')
    await page.waitForSelector('h1 [data-state="ready"]')
    await page.waitForSelector('.timeline [data-state="ready"]')
    assert.match(await page.innerText('.request-main'), /pip install flaky/)
    assert.match(await page.innerText('.timeline'), /queued[\s\S]*solving[\s\S]*ready/)
    assert.match(await page.innerText('.closure-head'), /^1 file, .* in all\s*all new/)
    const columns = await page.locator('.closure th').allInnerTexts()
    assert.deepEqual(columns, ['Package', 'Version', 'Size', 'Released', 'From', 'SHA-256'], 'nothing needs it')
    const [item] = (await airlock.get(id)).closure!
    assert.equal(await page.locator(`.closure td[title="${item!.url}"]`).innerText(), 'default')
    await page.click('.closure a:text("flaky")')
    await page.waitForSelector('.package h1:has-text("flaky")')
  })
})

test('a request that failed before it was solved does not say that it will be, and what is not here is no link', async () => {
  const { id } = await airlock.ask('base>9')
  await airlock.problem(id)
  await visit(`/requests/${id}`, async ({ page }) => {
    await page.waitForSelector('.problem')
    assert.doesNotMatch(await page.innerText('main'), /What it brings|Not known before/)
  })
  await visit('/', async ({ page }) => {
    await page.fill(names, 'large base')
    await page.keyboard.press('Enter')
    await page.waitForSelector('.preview table')
    assert.deepEqual(await page.locator('.preview td a').allInnerTexts(), ['base'])
    await page.keyboard.press('Escape')
    assert.equal(await page.locator('.preview').count(), 0)
  })
})

test('a closure is sorted by any column, drawn as a picture, and marks what is new only', () =>
  visit('/requests/1', async ({ page }) => {
    const first = () => page.innerText('.closure tbody tr:first-child td:first-child')
    assert.match(await first(), /widget/)
    await page.click('.closure th button')
    assert.match(await first(), /base/)
    assert.equal(await page.getAttribute('.closure th', 'aria-sort'), 'ascending')
    await page.click('text=Who needs whom')
    await page.waitForSelector('.picture .node')
    assert.equal(await page.locator('.picture .line').count(), 1)
  }))

test('what is past says so everywhere but on the board, and a release has its day', async () => {
  const past = /^(?:just now|\d+ (?:s|min) ago)$/
  await visit('/requests/1', async ({ page }) => {
    assert.match(await page.innerText('header time'), past)
    assert.match(await page.innerText('.closure time'), /^2024-01-0[12]$/)
    await page.hover('.status .plain-button')
    await page.waitForSelector('.mantine-Tooltip-tooltip')
    assert.match(await page.innerText('.mantine-Tooltip-tooltip'), /default: asked (?:just now|\d+ (?:s|min) ago)$/m)
  })
  await visit('/packages', async ({ page }) => {
    await page.waitForSelector('.packages time')
    assert.match(await page.innerText('.packages time'), past)
  })
  await visit('/packages/pip/base', async ({ page }) => {
    await page.waitForSelector('.package-facts time')
    for (const text of await page.locator('.package-facts time').allInnerTexts()) assert.match(text, past)
  })
  await visit('/', async ({ page }) => {
    assert.match(await page.innerText('.board time'), /^(?:now|\d+ (?:s|min))$/)
  })
})

test('deep links open what they name, in any state of the page', async () => {
  await visit('/?q=widget&show=all', async ({ page }) => {
    await page.waitForSelector(row(1))
    assert.equal(await page.inputValue('.filter input'), 'widget')
    await page.fill('.filter input', 'nobody has asked this')
    await page.waitForSelector('.empty')
    assert.match(page.url(), /q=nobody\+has\+asked\+this/)
  })
  await visit('/requests/999999', async ({ page }) => {
    await page.waitForSelector('text=There is no request 999999')
  })
  await visit('/no/such/page', async ({ page }) => {
    await page.waitForSelector('text=There is no such page')
  })
  await visit('/packages/pip/base', async ({ page }) => {
    await page.waitForSelector('.matrix .fits')
    assert.match(
      await page.innerText('main'),
      /What others stand on[\s\S]*pip install base[\s\S]*fits default[\s\S]*widget/,
    )
  })
  await visit('/packages/apt/libnothing1', async ({ page }) => {
    await page.fill(names, 'widget')
    await page.click('button:has-text("Ask for it")')
    assert.equal(await page.inputValue(names), 'libnothing1', 'that was of another kind')
    await page.fill(names, 'libother1')
    await page.click('button:has-text("Ask for it")')
    await page.click('button:has-text("Ask for it")')
    assert.equal(await page.inputValue(names), 'libother1\nlibnothing1')
    assert.equal(await page.isChecked('form.ask input[value="apt"]'), true)
    await until(page, `document.activeElement.tagName === 'TEXTAREA'`)
  })
  await visit('/packages?q=widg', async ({ page }) => {
    await page.waitForSelector('.packages tbody tr')
    assert.equal(await page.locator('.packages tbody tr').count(), 1)
  })
  await visit('/pod', async ({ page }) => {
    await page.waitForSelector('.command')
    assert.ok((await page.innerText('main')).includes(airlock.indexUrl))
  })
})

test('what is mine stands first once I gave a name, and the language and colours that I chose are remembered', async () => {
  const { context, page, problems } = await openPage(browser, airlock.consoleUrl)
  await page.fill(names, 'base')
  await page.fill('.ask-more input', 'lin')
  await page.click('form.ask button[type="submit"]')
  await page.waitForSelector('.board .group')
  assert.match(await page.innerText('.board tbody'), /Mine[\s\S]*base/)
  await page.click('.mantine-SegmentedControl-label:has-text("中")')
  await page.waitForSelector('text=我的申请')
  await page.click('button[aria-label="深色模式"]')
  await page.reload()
  await page.waitForSelector('text=我的申请')
  assert.equal(await page.getAttribute('html', 'data-mantine-color-scheme'), 'dark')
  assert.equal(await page.getAttribute('html', 'lang'), 'zh-CN')
  assert.deepEqual(problems, [])
  await context.close()
})

test('at 375 px nothing is wider than the screen', async () => {
  for (const path of ['/', '/requests/1', '/packages', '/packages/pip/widget', '/pod'])
    await visit(
      path,
      async ({ page }) => {
        await page.waitForTimeout(100)
        assert.ok(Number(await page.evaluate('document.documentElement.scrollWidth')) <= 375, path)
      },
      { width: 375, language: 'zh' },
    )
})

test('a server that goes is said to be gone, and what it did since is shown when it is back', () =>
  visit('/', async ({ page }) => {
    await page.waitForSelector('[data-line="live"]')
    await airlock.stop()
    await page.waitForSelector('.offline')
    assert.ok(Number(await page.evaluate(`document.querySelector('.top').offsetHeight`)) < 60, 'one line, as before')
    assert.equal(await page.locator('.status li').count(), 1, 'neither disk nor upstreams, which nobody knows')
    await page.fill(names, 'widget')
    await page.keyboard.press('Enter')
    await page.waitForSelector('.preview .failure button')
    assert.equal(await page.locator('.preview .log-id').count(), 0, 'no log has it')
    await page.click('.preview .close')
    assert.ok((await page.locator('.board tbody tr').count()) > 3, 'what was known stays')
    await airlock.start()
    const { id } = await airlock.ask('widget==1.0')
    await page.waitForSelector('[data-line="live"]', { timeout: 60_000 })
    await page.waitForSelector(row(id))
    await page.waitForSelector('.offline', { state: 'detached' })
  }))

test('the first load is small and the first paint carries the rows', async () => {
  const html = await (await fetch(airlock.consoleUrl, { headers: { accept: 'text/html' } })).text()
  assert.match(html, /<script type="application\/json" id="first">\{.*"requirements":\["widget"\]/)
  const { page, context } = await openPage(browser, airlock.consoleUrl)
  const sizes = await page.evaluate<number[]>(
    `performance.getEntriesByType('resource').filter(({ name }) => /\\.(js|css)$/.test(name)).map(({ encodedBodySize }) => encodedBodySize)`,
  )
  const total = sizes.reduce((sum, size) => sum + size, 0) + Buffer.byteLength(html)
  assert.ok(sizes.length >= 3 && total <= 250_000, `${total} bytes in ${sizes.length} files`)
  await context.close()
})
