/** Text in columns of a terminal, where Chinese takes two cells a character. */

/** Two cells: East Asian wide and fullwidth characters, and emoji. */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u
const combining = /\p{Mark}|\u200b|\u200d/u

/** What others wrote, harmless to a terminal: no control characters, no switch of direction. */
export function plain(text: string): string {
  return text.replace(/[\p{Control}\u2028-\u202e\u2066-\u2069]+/gu, ' ')
}

/** {@link plain}, but a text of several lines stays one. */
export function plainLines(text: string): string {
  return text.split(/\r?\n/).map(plain).join('\n')
}

export function width(text: string): number {
  let cells = 0
  for (const character of text) cells += combining.test(character) ? 0 : wide.test(character) ? 2 : 1
  return cells
}

/** At most `cells` wide; an ellipsis says that something is missing. */
export function fit(text: string, cells: number): string {
  if (width(text) <= cells) return text
  let taken = ''
  let left = cells - 1
  for (const character of text) {
    left -= width(character)
    if (left < 0) break
    taken += character
  }
  return cells > 0 ? `${taken}…` : ''
}

export function pad(text: string, cells: number): string {
  return text + ' '.repeat(Math.max(0, cells - width(text)))
}

/**
 * Rows of equal length below their titles, two spaces apart. The last column takes what is left of `cells`, and is cut
 * there; `cells` undefined: nothing is cut.
 */
export function table(titles: readonly string[], rows: readonly (readonly string[])[], cells?: number): string[] {
  const all = [titles, ...rows.map((row) => row.map(plain))]
  const widths = titles.map((_, column) => Math.max(...all.map((row) => width(row[column] ?? ''))))
  return all.map((row) => {
    const line = row
      .map((cell, column) => (column === titles.length - 1 ? cell : pad(cell, widths[column]!)))
      .join('  ')
    return cells === undefined ? line.trimEnd() : fit(line.trimEnd(), cells)
  })
}
