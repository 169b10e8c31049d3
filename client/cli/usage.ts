/** What commander says about a wrong command line, in our words. */
import type { Command, CommanderError } from 'commander'
import { plain } from './columns.ts'
import { exitOf, reached } from './exits.ts'
import { WrongUsage } from './failures.ts'
import type { ListedState } from './status.ts'
import type { Text, Words } from './texts.ts'

/** commander's codes are stable; what it quotes is what the sentence is about. */
const kinds: Readonly<Record<string, Text>> = {
  'commander.unknownOption': 'usageUnknownOption',
  'commander.unknownCommand': 'usageUnknownCommand',
  'commander.missingArgument': 'usageMissing',
  'commander.missingMandatoryOptionValue': 'usageMissing',
  'commander.optionMissingArgument': 'usageMissingValue',
  'commander.excessArguments': 'usageExcess',
}

/** `at`: the command that the line is wrong for, as {@link commandOf} gives it. */
export function explainUsage(error: CommanderError, at: string, words: Words): string {
  const text = kinds[error.code]
  const what = /'(.*?)'(?:\n|$| )/s.exec(error.message)?.[1]
  // a package's name may well look like a command
  if (at === 'airlock request' && text === 'usageUnknownCommand')
    return words('usageWhichEcosystem', { what: quoted(plain(what ?? '')) })
  if (text === undefined || (what === undefined && text !== 'usageExcess'))
    return words('usageOther', { what: plain(error.message) })
  const problem = words(text, { what: plain(what ?? '') })
  const near = /\(Did you mean (?:one of )?(.+)\?\)$/.exec(error.message)?.[1]
  return near === undefined ? problem : words('usageNear', { problem, near: near.replaceAll(', ', words('wordOr')) })
}

/** The command that a line begins with, as far as it is one: `airlock request pip`. */
export function commandOf(program: Command, argv: readonly string[]): string {
  let [command, path] = [program, program.name()]
  for (const word of argv) {
    const next = command.commands.find((one) => one.name() === word)
    if (!next) break
    command = next
    path += ` ${word}`
  }
  return path
}

/** For a shell. */
function quoted(word: string): string {
  return /^[\w.,:=+~@%/-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

/** Parsers of arguments and options, throwing WrongUsage. */
export function createParsers(words: Words) {
  const refuse = (text: Text, fields: Record<string, string>): never => {
    throw new WrongUsage(words(text, fields))
  }
  return {
    id: (value: string) => (/^[1-9]\d{0,14}$/.test(value) ? Number(value) : refuse('usageId', { value: plain(value) })),
    limit: (value: string) =>
      /^\d{1,3}$/.test(value) && Number(value) >= 1 && Number(value) <= 200
        ? Number(value)
        : refuse('usageLimit', { value: plain(value) }),
    many: (value: string) =>
      /^[1-9]\d{0,5}$/.test(value) ? Number(value) : refuse('usageLimitMany', { value: plain(value) }),
    ecosystem: (value: string) =>
      value === 'pip' || value === 'apt' ? value : refuse('usageEcosystem', { value: plain(value) }),
    shell: (value: string) =>
      value === 'bash' || value === 'zsh' ? value : refuse('usageShell', { value: plain(value) }),
    timeout: (value: string) =>
      /^\d{1,6}(\.\d+)?$/.test(value) ? Number(value) : refuse('usageTimeout', { value: plain(value) }),
    state: (value: string) =>
      value === 'unfinished' || Object.hasOwn(exitOf, value)
        ? (value as ListedState)
        : refuse('usageState', { value: plain(value), known: ['unfinished', ...reached].join(', ') }),
    several: (value: string, before: readonly string[] = []) => [...before, value],
  }
}
