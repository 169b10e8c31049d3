/**
 * Index pages in memory: read when first asked for, checked against the disk by a stat, forgotten by bytes.
 * Invariant: what was renamed into the tree is what the next request gets.
 */
import { statSync } from 'node:fs'
import type { Door, Version } from './door.ts'
import type { Form } from './negotiate.ts'
import { createRepresentations, type Representation, type Representations } from './representation.ts'

type File = 'json' | 'html'

type Page = {
  /** Absolute. */
  readonly path: string
  readonly version: Version
  readonly represent: Representations
  /** In bytes, with its compressed copy. */
  cost: number
  /** Read so soon after it was written that another version of the same size and inode could have the same times. */
  readonly isFresh: boolean
  /** The turn in which it was last seen to be what is on the disk. */
  checked: number
}

/** Both files of one URL. */
type Slot = Partial<Record<File, Page>> & { isRecent: boolean }

export type FoundPage = Representation | Promise<Representation> | null

/** What a page costs beside its bytes. */
const overhead = 4096
/** In ms: some ticks of a kernel's clock, by which files are dated. */
const freshness = 20

/** `maxBytes` bounds what is kept; a page is served whatever its size. */
export function createPages(door: Door, maxBytes: number) {
  const slots = new Map<string, Slot>()
  let held = 0
  let turn = 0
  let isTurnEnding = false

  /**
   * Requests that one turn of the event loop finds waiting share one look at the disk: all of them were sent before it
   * began, so none of them can expect to see what is published after that look.
   */
  function checkedNow(page: Page): Page {
    page.checked = turn
    if (isTurnEnding) return page
    isTurnEnding = true
    setImmediate(() => {
      isTurnEnding = false
      turn++
    })
    return page
  }

  function load(url: string, file: File): Page | null {
    const path = `${url.slice(1)}index.${file}`
    const found = door.read(path)
    if (found === null) return null
    const represent = createRepresentations(found.bytes, (by) => charge(url, file, page, by))
    const isFresh = Math.abs(Date.now() - found.version.ctimeMs) < freshness
    const page: Page = { path: door.pathOf(path), version: found.version, represent, cost: 0, isFresh, checked: -1 }
    const slot: Slot = slots.get(url) ?? { isRecent: true }
    slots.set(url, slot)
    slot[file] = page
    charge(url, file, page, found.bytes.length + overhead)
    return page
  }

  /** Counts what a page takes, unless it was forgotten meanwhile, and makes room for it. */
  function charge(url: string, file: File, page: Page, by: number): void {
    if (slots.get(url)?.[file] !== page) return
    page.cost += by
    held += by
    // the clock rule: oldest first, but what was asked for since the last time round gets a second chance
    for (const [oldest, slot] of slots) {
      if (held <= maxBytes) return
      slots.delete(oldest)
      if (slot.isRecent) slots.set(oldest, Object.assign(slot, { isRecent: false }))
      else held -= (slot.json?.cost ?? 0) + (slot.html?.cost ?? 0)
    }
  }

  /** The page of a file that was read before, as it is on the disk now; undefined when it was not. */
  function recall(url: string, slot: Slot, file: File): Page | null | undefined {
    const page = slot[file]
    if (page === undefined) return undefined
    slot.isRecent = true
    if (page.checked === turn) return page
    const now = statSync(page.path, { throwIfNoEntry: false })
    if (now !== undefined && !page.isFresh && isSame(now, page.version)) return checkedNow(page)
    delete slot[file]
    held -= page.cost
    if (slot.json === undefined && slot.html === undefined) slots.delete(url)
    return load(url, file)
  }

  function current(url: string, file: File): Page | null {
    const slot = slots.get(url)
    const page = slot && recall(url, slot, file)
    return page === undefined ? load(url, file) : page
  }

  return {
    /** The page at a target that is known to be a canonical URL because it was found before; undefined for any other. */
    recall(target: string, form: Form, wantsGzip: boolean): FoundPage | undefined {
      const slot = slots.get(target)
      if (slot === undefined) return undefined
      return recall(target, slot, form === 'json' ? 'json' : 'html')?.represent(form, wantsGzip)
    },

    /** The page at a canonical URL, in the form asked for where it has it, else as HTML; null when there is none. */
    find(url: string, form: Form, wantsGzip: boolean): FoundPage {
      if (form === 'json') {
        const page = current(url, 'json')
        if (page !== null) return page.represent('json', wantsGzip)
      }
      return current(url, 'html')?.represent(form === 'json' ? 'text' : form, wantsGzip) ?? null
    },
  }
}

function isSame(now: Version, { ino, size, mtimeMs, ctimeMs }: Version): boolean {
  return now.ctimeMs === ctimeMs && now.mtimeMs === mtimeMs && now.ino === ino && now.size === size
}

export type Pages = ReturnType<typeof createPages>
