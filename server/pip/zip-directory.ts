/** A zip's central directory, read by yauzl from memory: one read of the file instead of two a member. */
import { PassThrough, type Readable } from 'node:stream'
import { fromRandomAccessReaderPromise, RandomAccessReader, type Entry } from 'yauzl'
import type { Bytes } from './file-bytes.ts'
import type { DirectoryPlace } from './zip-end.ts'
import { zipFaults, type Refuse } from './zip-words.ts'

/** As far back as yauzl looks for the end records: its locator, the end record and the longest comment. */
const maxTail = 20 + 22 + 0xffff

/** The entries in the directory's own order. Invariant: they fill it exactly. */
export async function readDirectory(
  file: Bytes,
  size: number,
  place: DirectoryPlace,
  refuse: Refuse,
): Promise<Entry[]> {
  const start = Math.max(0, Math.min(place.offset, size - maxTail))
  const tail = await file(start, size)
  const entries: Entry[] = []
  try {
    const directory = await fromRandomAccessReaderPromise(new TailReader(tail, start), size, {
      decodeStrings: false,
      validateEntrySizes: false,
    })
    for await (const entry of directory.eachEntry()) entries.push(entry)
    // a cursor is a place, whatever its published type says
    const cursor: unknown = directory.readEntryCursor
    if (entries.length === place.count && cursor === place.end) return entries
  } catch (error) {
    // of memory nothing else can fail: these are yauzl's words for a directory that it cannot read
    if (!(error instanceof Error)) throw error
  }
  return refuse(zipFaults.directory)
}

/** yauzl takes a source by inheritance only. */
class TailReader extends RandomAccessReader {
  readonly #tail: Buffer
  readonly #start: number

  constructor(tail: Buffer, start: number) {
    super()
    this.#tail = tail
    this.#start = start
  }

  override _readStreamForRange(): Readable {
    return new PassThrough().end()
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null, bytesRead?: number) => void,
  ): void {
    const at = position - this.#start
    const isInside = at >= 0 && at + length <= this.#tail.length
    if (isInside) this.#tail.copy(buffer, offset, at, at + length)
    callback(isInside ? null : new RangeError('outside of the directory'), isInside ? length : 0)
  }
}
