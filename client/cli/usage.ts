/** What commander says about a wrong command line, in our words. */
import type { CommanderError } from 'commander'
import { plain } from './columns.ts'
import { exitOf, states } from './exits.ts'
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

export function explainUsage(error: CommanderError, words: Words): string {
  const text = kinds[error.code]
  const what = /'([^']*)'/.exec(error.message)?.[1]
  if (text !== undefined && (what !== undefined || text === 'usageExcess'))
    return words(text, { what: plain(what ?? '') })
  return words('usageOther', { what: plain(error.message) })
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
        : refuse('usageState', { value: plain(value), known: ['unfinished', ...states].join(', ') }),
    several: (value: string, before: readonly string[] = []) => [...before, value],
  }
}
