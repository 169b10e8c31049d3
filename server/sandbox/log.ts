/** What a sandboxed command says, made fit to be shown and kept. */
import { stripVTControlCharacters } from 'node:util'

/** Lines longer than this are cut: nobody reads them, and they cost every reader. */
const longestLine = 4000
/** To take escape sequences off costs their number times the length of the line. */
const mostEscapes = 256
const escape = '\u001b'

/** C0 without tab, DEL, C1, line and paragraph separators, and what turns the direction of text around. */
const unprintable =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu

/**
 * One line without line ends. A line that was overwritten by carriage returns is what stood last. Takes time in proportion
 * to the line, whatever is in it.
 */
export function printable(line: string): string {
  let end = line.length
  while (end > 0 && line[end - 1] === '\r') end--
  const last = end === 0 ? '' : line.slice(line.lastIndexOf('\r', end - 1) + 1, end)
  const some = last
    .slice(0, 2 * longestLine)
    .split(escape, mostEscapes)
    .join(escape)
  const plain = stripVTControlCharacters(some).replaceAll(unprintable, '\ufffd').trimEnd()
  return some.length < last.length || plain.length > longestLine ? `${plain.slice(0, longestLine)}…` : plain
}

/** Collects bytes into lines. `full` once more than `maxBytes` have come, of which that many are kept. */
export function createSandboxLog(maxBytes: number, onLine: (line: string) => void = () => {}) {
  const decoder = new TextDecoder()
  const lines: string[] = []
  let came = 0
  let open = ''

  function take(text: string): void {
    const parts = text.split('\n')
    parts[0] = open + parts[0]!
    // of a line without end no more is held than is shown, however much of it comes
    open = parts.pop()!.slice(0, 4 * longestLine)
    for (const part of parts) add(part)
  }

  function add(part: string): void {
    const line = printable(part)
    lines.push(line)
    onLine(line)
  }

  return {
    write(chunk: Buffer): void {
      const room = Math.max(0, maxBytes - came)
      came += chunk.length
      take(decoder.decode(chunk.subarray(0, room), { stream: true }))
    },
    full: () => came > maxBytes,
    end(): string {
      take(decoder.decode())
      if (open !== '') add(open)
      open = ''
      return lines.join('\n')
    },
  }
}
