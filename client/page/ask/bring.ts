/** Brings a package from any page into the bar to ask in, of which there is one. */
import type { Ecosystem } from '../queries.ts'

export type Take = (ecosystem: Ecosystem, name: string) => void

let taker: Take | null = null

export function bring(ecosystem: Ecosystem, name: string): void {
  taker?.(ecosystem, name)
}

/** What is returned lets go of it. */
export function onBring(take: Take): () => void {
  taker = take
  return () => {
    taker = null
  }
}
