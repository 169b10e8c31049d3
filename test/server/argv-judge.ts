/** What children may be told, written down a second time and apart from those who tell them. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export type Call = { readonly command: string; readonly args: readonly string[]; readonly cwd: string }

const version = '[A-Za-z0-9][A-Za-z0-9._+!*-]{0,127}'
const specifier = `(?:===|~=|==|!=|<=|>=|<|>)${version}`
const project = '[a-z0-9]+(?:-[a-z0-9]+)*'
/** A quoted text in a marker: nothing that uv, or pip, would end the requirement at: a comment, an option, a variable. */
const quoted = `(?:"(?:(?!\\s#|\\s--[a-z]|\\$\\{|[\\\\\`])[\\t\\x20-\\x21\\x23-\\x7e])*"|'(?:(?!\\s#|\\s--[a-z]|\\$\\{|[\\\\\`])[\\t\\x20-\\x26\\x28-\\x7e])*')`
const requirement = new RegExp(
  `^${project}(?:\\[${project}(?:,${project})*\\])?(?:${specifier}(?:,${specifier})*)?(?: ; (?:${quoted}|[a-z_]+|[<>=!~()]+| )+)?$`,
)
const root =
  /^[a-z0-9][a-z0-9+.-]{1,127}(?::[a-z0-9][a-z0-9-]{1,31})?(?:=(?:\d{1,9}:)?[A-Za-z0-9][A-Za-z0-9.+~-]{0,127})?$/

/** What each command may be told, written down again: an argument or a line that is none of it is a fault. */
export function judge({ command, args, cwd }: Call, folder: string, complain: (what: string) => void): void {
  const inside = (path: string) => path.startsWith(`${folder}/`) && /^[\w./-]+$/.test(path) && !path.includes('..')
  const expect = (is: boolean, what: string) => void (is || complain(what))
  if (args.some((arg) => arg.includes('\0') || arg.length > 4096)) complain('an argument that is none')
  if (command === 'uv' && args[0] === 'export') {
    const free = args.filter((arg) => !/^(?:export|--[a-z-]+|requirements-txt)$/.test(arg))
    expect(free.length === 1 && inside(free[0]!), `uv ${args.join(' ')}`)
    for (const path of readdirSync(cwd, { recursive: true }) as string[])
      expect(/^[\w./-]+$/.test(path), `the file ${path}`)
  } else if (command === 'uv') {
    const value = (name: string) => args[args.indexOf(`--${name}`) + 1]!
    expect(/^3\.\d{1,2}\.\d{1,3}$/.test(value('python-version')), `--python-version ${value('python-version')}`)
    expect(
      /^[a-z0-9_]{1,64}-(?:manylinux_2_\d{1,2}|unknown-linux-(?:gnu|musl))$/.test(value('python-platform')),
      `--python-platform ${value('python-platform')}`,
    )
    for (const name of ['output-file', 'cache-dir', 'constraints']) expect(inside(value(name)), `--${name}`)
    const names = args.filter((arg) => arg.startsWith('-'))
    expect(
      names.every((arg) => /^--[a-z-]*$/.test(arg)) && args.at(-2) === '--' && inside(args.at(-1)!),
      args.join(' '),
    )
    for (const line of linesIn(join(cwd, 'requirements.in'))) expect(requirement.test(line), `the requirement ${line}`)
    if (readdirSync(cwd).includes('pylock.toml'))
      for (const line of linesIn(join(cwd, 'pylock.toml')))
        expect(
          /^(?:lock-version|created-by|name|version|\[\[packages\]\]|[a-z-]+ = )/.test(line) &&
            !/[^\x20-\x7e]/.test(line),
          `the preference ${line}`,
        )
  } else if (args.includes('--')) {
    for (const arg of args.slice(args.indexOf('--') + 1)) expect(root.test(arg), `${command} ${arg}`)
  } else {
    const etc = join(cwd, 'etc')
    for (const line of linesIn(join(cwd, 'apt.conf')))
      expect(/^[\w:-]+ (?:"[\w./-]*"|\{(?: "[a-z0-9-]+";)+ \});$/.test(line), `apt.conf: ${line}`)
    const sources = linesIn(join(etc, 'sources.list.d/airlock.sources'))
    for (const uri of sources.flatMap((line) => (line.startsWith('URIs: ') ? line.split(' ').slice(1) : [])))
      expect(
        /^http:\/\/archive\.example\/debian(?:\/[^?#]*)?$/.test(uri) && !/\/\.\.(?:\/|$)|%2f/i.test(uri),
        `an archive ${uri}`,
      )
    const lines =
      /^(?:Types|URIs|Suites|Components|Architectures|Architectures-Add|Architectures-Remove|By-Hash): (?!.*(?:^|[ /])\.\.(?:[ /]|$))[\x21-\x7e][\x20-\x7e]*$/
    for (const line of sources) expect(lines.test(line), `a source: ${line}`)
  }
}

function linesIn(path: string): string[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
}
