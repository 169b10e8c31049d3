/** What is typed, as the lines that are sent: people write names side by side, files write one a line. Pure. */

const operator = String.raw`(?:===|==|~=|!=|<=|>=|<|>)`
const aroundOperator = new RegExp(String.raw`\s*(${operator})\s*`, 'g')
const commaBeforeOperator = new RegExp(String.raw`\s*[,，]\s*(?=${operator})`, 'g')

/** One requirement a line; what cannot be told apart stays as it is, for the server to judge. */
export function splitRequirements(text: string, ecosystem: 'pip' | 'apt'): string[] {
  return joined(text).flatMap((line) => {
    const bare = line
      .replace(/(?:^|\s)#.*$/, '')
      .replace(/\s--hash[= ]\S+/g, '')
      .trim()
    if (bare === '' || granted.test(bare)) return []
    if (ecosystem === 'apt') return bare.split(/[\s,，、;；]+/).filter(Boolean)
    // an option, a marker, an address: not several names
    if (/^-|;|；|\s--|:\/\/|\s@\s|["'$`]/.test(bare)) return [bare.replaceAll('；', ';')]
    return bare
      .replace(commaBeforeOperator, ',')
      .replace(aroundOperator, '$1')
      .replace(/\[[^\]]*\]/g, (extras) => extras.replace(/\s+/g, ''))
      .split(/[\s，、]+|,(?![<>=!~])(?![^[]*\])/)
      .filter(Boolean)
  })
}

/** What only a requirements file may say: hashes, options. Sent whole, so that nothing of it is lost. */
export function isFile(text: string): boolean {
  return /(?:^|\s)--hash[= ]|^\s*-{1,2}[a-z]/m.test(text)
}

/** What is so here anyway, as the server reads a file; which index a line names is the server's to judge. */
const granted = /^--(?:require-hashes|prefer-binary|only-binary(?:=|\s+):all:)$/

/** A backslash at the end of a line goes on in the next. */
function joined(text: string): string[] {
  return text.replace(/\\\r?\n\s*/g, ' ').split(/\r?\n/)
}

/** The name that is being typed at the caret, for completion; null: none, or it is a version or an option by now. */
export function wordAt(text: string, caret: number): { readonly from: number; readonly word: string } | null {
  const before = text.slice(0, caret)
  const [word = ''] = /[^\s,，、;；]*$/.exec(before) ?? []
  if (!/^[A-Za-z0-9][A-Za-z0-9._+-]+$/.test(word) || /^\S/.test(text.slice(caret).replace(/^[,，、]/, ' '))) return null
  const from = caret - word.length
  // after an operator it is a version
  return /[<>=!~]\s*$/.test(before.slice(0, from)) ? null : { from, word }
}
