/** What keeps an acknowledged request through a loss of power, each cut out once: the tests of that must see it. */
import type { Cut } from '../support/sabotage.ts'
import type { Instant } from './power.ts'

export type PowerCut = {
  readonly without: string
  readonly cuts: readonly Cut[]
  readonly at: Instant
  readonly seen: RegExp
}

export const powerCuts: readonly PowerCut[] = [
  {
    without: 'the sync of the database',
    cuts: [
      { file: 'storage/database.ts', from: 'synchronous = FULL', to: 'synchronous = OFF' },
      { file: 'storage/database.ts', from: '!== 2)', to: '!== 0)' },
    ],
    at: { ecosystem: 'pip', at: 'acknowledged' },
    seen: /its row is lost/,
  },
  {
    without: 'the sync of the folders that publishing renames into',
    cuts: [{ file: 'storage/tree.ts', from: 'await settle(places)', to: '' }],
    at: { ecosystem: 'apt', at: 'ready' },
    seen: /was ready and is not visible/,
  },
  {
    without: 'the sync of the pages that publishing writes',
    cuts: [{ file: 'storage/tree.ts', from: 'flush: true', to: 'flush: false' }],
    at: { ecosystem: 'apt', at: 'ready' },
    seen: /was ready and is not visible|its size is not the one listed|lists no Packages/,
  },
  {
    without: 'the sync of what is downloaded',
    cuts: [{ file: 'server/upstream/part.ts', from: 'await file.sync()', to: '' }],
    at: { ecosystem: 'apt', at: 'ready' },
    seen: /\.deb: its size is not the one listed|\.deb: its digest is not the one listed/,
  },
  {
    without: "the sync of apt's lists",
    cuts: [{ file: 'server/apt/snapshots.ts', from: 'await settle(next.lists)', to: '' }],
    at: { ecosystem: 'apt', at: 'ready' },
    seen: /No package is called/,
  },
]
