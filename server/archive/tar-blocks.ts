/** A stream of any chunks, taken in tar's blocks. */
import { tarFaults, type TarRefuse } from './tar-words.ts'

const blockSize = 512
const manyZeros = Buffer.alloc(64 << 10)

/** Quicker than looking at each byte here. */
export function isZeros(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; at += manyZeros.length) {
    const part = bytes.subarray(at, at + manyZeros.length)
    if (!part.equals(manyZeros.subarray(0, part.length))) return false
  }
  return true
}

export type Blocks = {
  /** The next block; null: there is none. */
  header(): Promise<Buffer | null>
  /** So many bytes, and the padding behind them. */
  take(size: number): Promise<Buffer>
  skip(size: number): Promise<void>
  /** All that is left is zeros, or it is refused. */
  zeros(): Promise<void>
  /** Nothing more is wanted: whoever makes the chunks may end. */
  close(): Promise<void>
}

export function createBlocks(chunks: AsyncIterable<Uint8Array>, maxBytes: number, refuse: TarRefuse): Blocks {
  const source = chunks[Symbol.asyncIterator]()
  let held: Buffer = Buffer.alloc(0)
  let total = 0

  /** Whether there was more. */
  async function more(): Promise<boolean> {
    const { done, value } = await source.next()
    if (done) return false
    total += value.length
    if (total > maxBytes) refuse(tarFaults.large)
    const chunk = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk])
    return true
  }

  async function skip(size: number): Promise<void> {
    let left = Math.ceil(size / blockSize) * blockSize
    if (left + total - held.length > maxBytes) refuse(tarFaults.large)
    while (left > held.length) {
      left -= held.length
      held = held.subarray(held.length)
      if (!(await more())) refuse(tarFaults.cut)
    }
    held = held.subarray(left)
  }

  return {
    async header() {
      while (held.length < blockSize) {
        if (await more()) continue
        return held.length === 0 ? null : refuse(tarFaults.cut)
      }
      const block = held.subarray(0, blockSize)
      held = held.subarray(blockSize)
      return block
    },
    async take(size) {
      const parts: Buffer[] = []
      let left = size
      while (left > 0) {
        if (held.length === 0 && !(await more())) refuse(tarFaults.cut)
        const part = held.subarray(0, left)
        parts.push(part)
        left -= part.length
        held = held.subarray(part.length)
      }
      const padding = (blockSize - (size % blockSize)) % blockSize
      if (padding > 0) {
        while (held.length < padding) if (!(await more())) refuse(tarFaults.cut)
        held = held.subarray(padding)
      }
      return Buffer.concat(parts)
    },
    skip,
    async zeros() {
      do {
        if (!isZeros(held)) refuse(tarFaults.behind)
        held = held.subarray(held.length)
      } while (await more())
    },
    async close() {
      await source.return?.()
    },
  }
}
