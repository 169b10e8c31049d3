/** `airlock completion bash|zsh`: a script made of the very commands that there are, so that it never lags behind them. */
import type { Command } from 'commander'

/** What the server's own program takes, beside the commands of this one. */
const server: readonly Node[] = [
  { path: ['serve'], words: ['--help'] },
  { path: ['mirror'], words: ['--help'] },
  { path: ['config'], words: ['explain', '--help'] },
  { path: ['config', 'explain'], words: ['--json', '--help'] },
  { path: ['doctor'], words: ['--json', '--help'] },
  { path: ['restore'], words: ['--force', '--help'] },
]

type Node = {
  readonly path: readonly string[]
  /** Subcommands, then options. */
  readonly words: readonly string[]
}

/** The script, for a shell to `eval`. Asks nobody; what it defines asks for targets only, and at completion time only. */
export function completionOf(program: Command, shell: 'bash' | 'zsh'): string {
  const nodes = [...walk(program, []), ...server]
  const root = nodes[0]!
  const first = [...root.words.filter((word) => !word.startsWith('-')), ...server.map(({ path }) => path[0]!)]
  const all = [
    { ...root, words: [...new Set(first), ...root.words.filter((word) => word.startsWith('-'))] },
    ...nodes.slice(1),
  ]
  const cases = all.map(({ path, words }) => `    '${path.join(' ')}') words='${words.join(' ')}' ;;`)
  const paths = all.filter(({ path }) => path.length > 0).map(({ path }) => `'${path.join(' ')}'`)
  return [
    ...(shell === 'zsh'
      ? ['#compdef airlock', 'autoload -U +X compinit && compinit', 'autoload -U +X bashcompinit && bashcompinit']
      : []),
    '_airlock_targets() {',
    // JSON of one line or of many: each target's own name
    `  "$1" targets --json 2>/dev/null | tr ',{}' '\\n\\n\\n' | sed -n 's/^[[:space:]]*"name"[[:space:]]*:[[:space:]]*"\\([a-z0-9-]*\\)".*/\\1/p' | sort -u`,
    '}',
    '_airlock() {',
    '  local current previous path words word at',
    '  current=${COMP_WORDS[COMP_CWORD]}',
    '  previous=${COMP_WORDS[COMP_CWORD-1]}',
    "  path=''",
    '  for ((at = 1; at < COMP_CWORD; at++)); do',
    '    word=${path:+$path }${COMP_WORDS[at]}',
    `    case "$word" in ${paths.join(' | ')}) path=$word ;; *) break ;; esac`,
    '  done',
    "  words=''",
    '  case "$path" in',
    ...cases,
    '  esac',
    // behind a word that is no command
    "  if [[ -z $path ]] && ((COMP_CWORD > 1)); then words=''; fi",
    '  case "$previous" in',
    '    --target) words=$(_airlock_targets "${COMP_WORDS[0]}") ;;',
    // the shell's own completion of files takes over
    "    -r | --file | -c | --constraints) words='' ;;",
    '  esac',
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    '}',
    'complete -o default -F _airlock airlock',
    '',
  ].join('\n')
}

/** What an argument may be, by its name in the help. */
const known: Readonly<Record<string, readonly string[]>> = { ECOSYSTEM: ['pip', 'apt'], SHELL: ['bash', 'zsh'] }

function walk(command: Command, path: readonly string[]): Node[] {
  const options = command.options.flatMap(({ short, long }) => [short, long].filter((word) => word !== undefined))
  const children = command.commands
  const choices = command.registeredArguments.slice(0, 1).flatMap((argument) => known[argument.name()] ?? [])
  const own: Node = {
    path,
    words: [...children.map((child) => child.name()), ...choices, ...options, '--help'],
  }
  return [own, ...children.flatMap((child) => walk(child, [...path, child.name()]))]
}
