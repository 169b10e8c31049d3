/** Why, in one sentence: the solver's own where the problem only says that it gave up. Pure. */

type Problem = { readonly detail: string; readonly fields: Readonly<Record<string, unknown>> }

const longest = 200

export function causeOf({ detail, fields }: Problem): string {
  const { explanation } = fields
  const said = typeof explanation === 'string' && explanation.trim() !== '' ? sentenceOf(explanation) : null
  const [line = ''] = detail.split('\n')
  const text = said === null || !detail.includes('\n') ? line : said
  return text.length > longest ? `${text.slice(0, longest - 1)}…` : text
}

/** uv says `cause: Because …`, apt `E: …` or what depends on what; lines are folded at a terminal's width. */
function sentenceOf(explanation: string): string {
  const lines = explanation.split('\n').map((line) => line.trim())
  const at = lines.findIndex((line) => /^(?:cause:|E: )/.test(line))
  const from = at === -1 ? lines.findIndex((line) => line !== '' && !line.startsWith('error:')) : at
  const folded = lines.slice(Math.max(0, from))
  const end = folded.findIndex((line, index) => index > 0 && (line === '' || /^(?:hint:|[EWN]: )/.test(line)))
  return folded
    .slice(0, end === -1 ? 4 : end)
    .join(' ')
    .replace(/^(?:cause:|E:) */, '')
}
