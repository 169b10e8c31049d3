/** Every page in the states that people meet, for those who look at them: axe, and a person at screenshots. */
import { randomBytes } from 'node:crypto'
import type { Page } from 'playwright-core'
import type { Airlock } from '../support/airlock.ts'
import type { TestIndex } from '../support/index.ts'
import { status, trickle } from '../support/upstream.ts'
import { makeWheel } from '../support/wheels.ts'

export type View = { readonly name: string; readonly path: string; readonly act?: (page: Page) => Promise<unknown> }

const readme = `# Widget

Builds **widgets**, [documented](https://docs.example/widget) at length.

![build status](https://badges.example/widget.svg)

| size | price |
| --- | --- |
| small | 1 |

\`\`\`python
import widget
\`\`\`
`

const metadata = (name: string, version: string, more: readonly string[], body = '') =>
  ['Metadata-Version: 2.1', `Name: ${name}`, `Version: ${version}`, ...more, '', body].join('\n')

/** Requests 1 to 5: ready, ready with a note, failed, under way, of somebody else. */
export async function fill(airlock: Airlock, index: TestIndex): Promise<void> {
  index.add(makeWheel({ name: 'base', version: '1.5', summary: 'What others stand on' }))
  index.add(makeWheel({ name: 'codec', version: '0.9', requires: ['base'] }))
  const widget = [
    'Summary: Builds widgets',
    'Description-Content-Type: text/markdown',
    'Requires-Dist: base',
    'Requires-Dist: codec',
  ]
  index.add(
    makeWheel({
      name: 'widget',
      version: '2.0',
      requires: ['base', 'codec'],
      metadata: metadata('widget', '2.0', widget, readme),
    }),
  )
  index.add(makeWheel({ name: 'widget', version: '1.0', requires: ['base'] }))
  index.add(makeWheel({ name: 'only-old-python', version: '1.0', tag: 'cp35-cp35m-manylinux1_x86_64' }))
  const large = makeWheel({
    name: 'large',
    version: '1.0',
    files: { 'large/blob': randomBytes(4 << 20) },
    method: 'stored',
  })
  index.add(large)
  index.add(makeWheel({ name: 'gone', version: '1.0' }))
  index.files.on(index.pathOf(makeWheel({ name: 'gone', version: '1.0' })), status(410))
  // for as long as anybody looks
  index.files.on(index.pathOf(large), trickle(large.bytes, 4096, 200, { etag: '"1"' }))

  const ask = async (requirements: string[], requester: string, note?: string) =>
    (await airlock.askFor({ ecosystem: 'pip', requirements, requester, ...(note !== undefined && { note }) }))[0]!.id
  await airlock.ready(await ask(['widget==1.0'], 'wei'))
  await airlock.ready(await ask(['widget', 'codec'], 'lin', 'for the demo on Friday'))
  await airlock.problem(await ask(['only-old-python'], 'chen'))
  await airlock.wait(await ask(['large'], 'zhou'), ({ state }) => state === 'downloading')
  await airlock.problem(await ask(['gone', 'widgett'], 'a name that is far too long for any column of any board'))
}

const names = 'textarea[aria-autocomplete="list"]'

export const views: readonly View[] = [
  { name: 'queue', path: '/', act: (page) => page.waitForSelector('progress') },
  {
    name: 'asking',
    path: '/',
    async act(page) {
      await page.focus(names)
      await page.keyboard.type('widget, wiget ba')
      await page.waitForSelector('.checked button')
      await page.waitForSelector('.offers li')
    },
  },
  {
    name: 'preview',
    path: '/',
    async act(page) {
      await page.fill(names, 'widget')
      await page.keyboard.press('Enter')
      await page.waitForSelector('.preview table')
    },
  },
  {
    name: 'preview-that-fails',
    path: '/',
    async act(page) {
      await page.fill(names, 'nosuchthing')
      await page.keyboard.press('Enter')
      await page.waitForSelector('.preview .failure')
    },
  },
  { name: 'nothing-found', path: '/?q=nothing-of-that-name', act: (page) => page.waitForSelector('.empty') },
  { name: 'mine-without-a-name', path: '/?show=mine' },
  { name: 'request-ready', path: '/requests/2', act: (page) => page.waitForSelector('.closure tbody tr') },
  {
    name: 'request-picture',
    path: '/requests/2',
    async act(page) {
      await page.click('.closure-head .mantine-SegmentedControl-label >> nth=1')
      await page.waitForSelector('.picture .node')
    },
  },
  { name: 'request-failed', path: '/requests/3', act: (page) => page.waitForSelector('.problem') },
  { name: 'request-under-way', path: '/requests/4', act: (page) => page.waitForSelector('progress') },
  { name: 'request-missing', path: '/requests/4711', act: (page) => page.waitForSelector('.empty') },
  { name: 'packages', path: '/packages', act: (page) => page.waitForSelector('.packages tbody tr') },
  { name: 'package', path: '/packages/pip/widget', act: (page) => page.waitForSelector('.markdown table') },
  { name: 'package-missing', path: '/packages/pip/nosuchthing', act: (page) => page.waitForSelector('.empty') },
  { name: 'pod', path: '/pod', act: (page) => page.waitForSelector('.command') },
]
