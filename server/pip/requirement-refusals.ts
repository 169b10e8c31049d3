/** Recognises what pip would read and Airlock will not, by its looks: before any grammar, so that the answer says why. */
import { refusals, type Refusal, type RefusalName } from './requirement-words.ts'

/** The first that fits is the answer. */
const looks: readonly (readonly [RegExp, RefusalName])[] = [
  [/\$\{|\$\(|\$[A-Za-z_]|^%\w+%|`/, 'variable'],
  [
    /^(?:[!%$>]\s*)?(?:sudo\s+)?(?:\S*python[\d.]*\s+-m\s+)?(?:uv\s+(?:pip\s+)?|(?:pip[\d.]*|conda|mamba|poetry|apt|apt-get)\s+)(?:install|add|download)\b/,
    'command',
  ],
  [/(?:^|\s)(?:&&|\|\|?|>>|<<|2>)|;\s*(?:rm|sudo|sh|bash|curl|wget)\b/, 'command'],
  [/\\$/, 'continuation'],
  [/^(?:name|channels|dependencies|prefix):(?:\s|$)/, 'environment'],
  [/^\[{1,2}(?:project|build-system|dependency-groups|tool|package)\b[\w.-]*\]{1,2}$/, 'table'],
  [/^[-*•] +\S/, 'item'],
  [/^(?:-r|--requirements?\b|-c|--constraints?\b)/, 'file'],
  [/^(?:-e|--editable\b)/, 'editable'],
  [
    /(?:^|\s)(?:-i|--index-url|--pypi-url|--extra-index-url|-f|--find-links|--no-index|--trusted-host|--default-index|--index)(?:=|\s|$)/,
    'index',
  ],
  [/\s--hash(?:=|\s|$)/, 'hash'],
  [/^-|\s--?[A-Za-z]/, 'option'],
  [/^[^;"']*(?:[a-z][a-z0-9+.-]*:\/\/|\b(?:git|hg|svn|bzr)\+|\bfile:)/i, 'url'],
  [/^[^;"'@]*@\s*\S*[:/]/, 'url'],
  [/^(?:[.~]?[/\\]|\.{1,2}(?:[/\\]|$)|~|[A-Za-z]:[/\\])|^[^;"']*[/\\]/, 'path'],
  [/^[^;"'\s]+\.(?:whl|tar\.gz|tgz|zip|egg|txt|toml|tar\.bz2)$/i, 'path'],
]

/** Null: it does not look like any of them. */
export function refusalOf(item: string): Refusal | null {
  const found = looks.find(([pattern]) => pattern.test(item))
  return found ? refusals[found[1]] : null
}
