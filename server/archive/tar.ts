/**
 * A tar that every reader reads alike, or none (ustar, GNU's form, PAX, and what came before): members are read one behind
 * the other, nothing is unpacked. What readers disagree about is refused, not repaired.
 * Source: POSIX.1-2024 pax, "ustar Interchange Format" and "pax Header Block"; GNU tar's manual, "Basic Tar Format".
 */
import { createBlocks, isZeros, type Blocks } from './tar-blocks.ts'
import { readHeader, type Header } from './tar-header.ts'
import { createNames, type TarMember } from './tar-names.ts'
import { longName, paxRecords } from './tar-long.ts'
import { tarFaults, type TarRefuse } from './tar-words.ts'

type Options = {
  /** Unpacked, headers and padding included. */
  readonly maxBytes: number
  readonly maxMembers: number
  /** Whether a file's content is wanted; it is held in memory. */
  readonly keep: (member: TarMember) => boolean
  /** Whether PAX's records may be there: dpkg knows none. */
  readonly pax: boolean
  readonly refuse: TarRefuse
}

/** Extended headers: real ones have a name, a few times, perhaps attributes. */
const maxLong = 1 << 20

/** The members in their order, each with its content where that is kept. Errors of `chunks` pass through. */
export async function* readTar(
  chunks: AsyncIterable<Uint8Array>,
  { maxBytes, maxMembers, keep, pax, refuse }: Options,
): AsyncGenerator<{ readonly member: TarMember; readonly content: Buffer | null }> {
  const blocks = createBlocks(chunks, maxBytes, refuse)
  const names = createNames(refuse)
  let count = 0
  try {
    for (;;) {
      const found = await nextHeader(blocks, pax, refuse)
      if (found === null) return
      if (++count > maxMembers) refuse(tarFaults.large)
      const member = names.accept(found)
      if (member.kind !== 'file') yield { member, content: null }
      else if (keep(member)) yield { member, content: await blocks.take(member.size) }
      else {
        await blocks.skip(member.size)
        yield { member, content: null }
      }
    }
  } finally {
    await blocks.close()
  }
}

/** A member's header with the names that extended headers give it; null: the end. */
async function nextHeader(blocks: Blocks, pax: boolean, refuse: TarRefuse): Promise<Header | null> {
  let name: string | null = null
  let target: string | null = null
  let before: 'pax' | 'gnu' | null = null
  for (;;) {
    const block = await blocks.header()
    if (block === null || isZeros(block)) {
      // GNU's announces a name, PAX's records: of what?
      if (before !== null) refuse(tarFaults.extended)
      // some writers leave the two zero blocks at the end out: what is cut, its compression tells
      if (block !== null) await blocks.zeros()
      return null
    }
    const header = readHeader(block, refuse)
    const { type, size } = header
    if (type === 'L' || type === 'K') {
      if (size > maxLong || before === 'pax' || (type === 'L' ? name : target) !== null) refuse(tarFaults.extended)
      const text = longName(await blocks.take(size), refuse)
      if (type === 'L') name = text
      else target = text
      before = 'gnu'
    } else if (type === 'x' || type === 'g') {
      if (!pax || size > maxLong || before !== null) refuse(tarFaults.extended)
      const records = paxRecords(await blocks.take(size), type, refuse)
      if (type === 'g') continue
      name = records.get('path') ?? null
      target = records.get('linkpath') ?? null
      before = 'pax'
    } else return { ...header, name: name ?? header.name, target: target ?? header.target }
  }
}
