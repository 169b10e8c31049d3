/** What somebody may write where a name belongs, so that a program further on reads it otherwise; and more by chance. */
import * as fc from 'fast-check'

/** Each alone, and as what is added to a name, put before it, or given as its version. */
const payloads = [
  // options of pip, uv, apt and tar
  '-r', '--', '-', '-rx', '-oDir=/', '-t=sid', '-c', '--index-url=http://e.example/', '--extra-index-url', '-ihttp://e.example/', '--pre',
  '--allow-downgrades', '--reinstall', '-y', '--target=/', '--root=/', '--python=/tmp/x', '--config-file=/tmp/x', '--find-links=/', '@/etc/passwd',
  // shells
  ';id', '|id', '||id', '&&id', '&', '`id`', '$(id)', '${HOME}', '$HOME', '$IFS', '>x', '>>x', '<x', '<<x', '{a,b}', '!id', '"', "'", '\\', '\\n', '~root', '*', '?', '[!a]', '(id)', '%COMSPEC%', '^',
  // folders and addresses
  '/', '..', '../..', '/..', './x', '/etc/passwd', '~/x', '\\\\h\\x', 'C:\\x', '%2e%2e%2f', '%2f', '%00', '..;', 'file:///etc/passwd', 'http://e.example/x.whl', '//e.example/x', 'git+ssh://git@e.example/x',
  'x @ file:///x', ' @ http://e.example/x.whl', '@git+http://e.example/x', 'x.whl', '.tar.gz', './x.deb', 'data:,x', 'javascript:x', '[::1]', '127.0.0.1:1',
  // ends of lines, of texts and of terminals
  '\0', '\n', '\r', '\r\n', '\n-r x', '\n\n[x]', '\t', '\v', '\f', '\x1b[2J', '\x7f', '\x08', '\u0085', '\u2028', '\u2029', '\u200b', '\u200d', '\u202e', '\u2066', '\ufeff', '\ud800', '\ufffe',
  // characters that look like others
  'а', 'ｎ', '－r', '／', '．．', '‐', '−', '＝', 'ı', 'ß', 'é', 'e\u0301', '数', '🙂', '＂', '’',
  // patterns and tasks of apt, templates, formats
  '^', '$', '.*', '~n', '?name(x)', '^x', 'standard^', '{{7*7}}', '{%x%}', '#{x}', '<%x%>', '%s%n', '%x', '<script>', "' or 1=1--", '{"a":1}', '[[x]]', '"""', "'''", '\\u0000', '# x',
  // PEP 508 in places where it has no business
  '[x', ']', '[a]b', '==', '===', '==*', '=1', '>=', ',', ',,', ';', '; os_name', ' ; extra == "x"', '()', '(', ')', '@', '!', '+',
] // prettier-ignore

const carriers: readonly ((payload: string) => string)[] = [
  (payload) => payload,
  (payload) => `numpy${payload}`,
  (payload) => `${payload}numpy`,
  (payload) => `numpy==${payload}`,
  (payload) => `numpy=${payload}`,
]

const lengths = ['', ' ', 'a'.repeat(129), 'a'.repeat(5000), '-'.repeat(300), '.'.repeat(300), `a${'-a'.repeat(200)}`, '9'.repeat(300), `1${'.1'.repeat(500)}`, '3.9999999.1', '3.11.9999999999999999999'] // prettier-ignore

export const hostileWords: readonly string[] = [
  ...new Set([...lengths, ...carriers.flatMap((carry) => payloads.map(carry))]),
]

/** Pieces of what is right and of what is wrong, in any order; and any characters at all. */
export const fuzzedWord: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: pieces(1, 4) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
)

function pieces(minLength: number, maxLength: number): fc.Arbitrary<string> {
  const right = [
    'numpy',
    'a',
    '1.0',
    '3.11.2',
    '==',
    '>=',
    ',',
    '-',
    '.',
    '_',
    '[a]',
    ' ; ',
    'os_name == "x"',
    ' ',
    'x86_64',
    'amd64',
    ':',
    '=',
  ]
  return fc
    .array(fc.oneof(fc.constantFrom(...right), fc.constantFrom(...payloads)), { minLength, maxLength })
    .map((all) => all.join(''))
}
