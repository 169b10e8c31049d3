/** The command line: what can be asked, and which function answers. */
import { convertLock, type ConvertOptions } from './locks.ts'
import { Command, CommanderError } from 'commander'
import about from '../../package.json' with { type: 'json' }
import { createApi } from './api.ts'
import { cancel, request, retry, withdraw, type RequestOptions, type Waiting } from './ask.ts'
import { builds, oneBuild, type BuildsOptions } from './builds.ts'
import { backup } from './backup.ts'
import { width } from './columns.ts'
import { complain } from './complain.ts'
import { completionOf } from './completion.ts'
import type { Context, Io } from './context.ts'
import { exits } from './exits.ts'
import { WrongUsage } from './failures.ts'
import { listHooks, testHook } from './hooks.ts'
import { languageOf } from './language.ts'
import { maintain } from './maintain.ts'
import { onePackage, packages, type Kind, type PackagesOptions } from './packages.ts'
import { detail, list, type ListOptions } from './status.ts'
import { addTarget, removeTarget, showTarget, targets, type AddOptions } from './targets.ts'
import { createWords, type Text, type Words } from './texts.ts'
import { commandOf, createParsers, explainUsage } from './usage.ts'

/** Runs one command; resolves to its exit code. Only what is a bug is thrown. */
export async function runCli(argv: readonly string[], io: Io): Promise<number> {
  const language = languageOf(io.env)
  const words = createWords(language)
  const given = io.env['AIRLOCK_CONSOLE_URL']?.trim() || 'http://127.0.0.1:8081'
  const base = URL.parse(given)
  if (!base || !/^https?:$/.test(base.protocol)) {
    io.stderr.write(`airlock: ${words('urlInvalid', { value: given })}\n  ${words('urlInvalidHint')}\n`)
    return exits.usage
  }
  const shown = new URL(base.pathname, base.origin).href.replace(/\/$/, '')
  const context: Context = { io, words, url: shown, call: createApi({ base, shown, language }) }
  let code: number = exits.done
  const program = createProgram(context, (ended) => (code = ended))
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exits.done
    if (error instanceof CommanderError && error.code === 'commander.help') return exits.usage
    if (!(error instanceof CommanderError) && !(error instanceof WrongUsage)) throw error
    const command = commandOf(program, argv)
    const message = error instanceof WrongUsage ? error.message : explainUsage(error, command, words)
    io.stderr.write(`airlock: ${message}\n  ${words('usageHelp', { command })}\n`)
    return exits.usage
  }
}

type Flags = { readonly json?: boolean; readonly work?: boolean }

function createProgram(context: Context, end: (code: number) => void): Command {
  const { io, words } = context
  const parse = createParsers(words)
  /** An action's failures become its exit code. */
  const run = async (flags: Flags, action: () => Promise<number>) => {
    end(await action().catch((error: unknown) => complain(context, error, flags)))
  }
  const program = shape(new Command('airlock'), io, words)
    .description(words('about'))
    .version(about.version, '-V, --version', words('optionVersion'))
    .addHelpText('after', () => words('afterHelp', { url: context.url }))
  const command = (parent: Command, name: string, description: Text) =>
    shape(parent.command(name), io, words).description(words(description))
  const withJson = (it: Command) => it.option('--json', words('optionJson'))
  const withWait = (it: Command) =>
    withJson(it)
      .option('--wait', words('optionWait'))
      .option('--timeout <SECONDS>', words('optionTimeout'), parse.timeout)
  const withId = (it: Command) => it.argument('<ID>', words('argumentId'), parse.id)

  const ask = command(program, 'request', 'aboutRequest')
  const examples = { pip: "fonttools 'numpy<2'", apt: 'jq libssl-dev' }
  for (const [ecosystem, description] of [
    ['pip', 'aboutPip'],
    ['apt', 'aboutApt'],
  ] as const) {
    const asking = withWait(command(ask, ecosystem, description))
      .argument('[REQUIREMENT...]', words('argumentRequirements', { example: examples[ecosystem] }))
      .option('-r, --file <FILE>', words('optionFile'))
      .option('--target <TARGET>', words('optionTarget'), parse.several)
      .option('--requester <NAME>', words('optionRequester', { user: io.user ?? words('nobody') }))
      .option('--note <TEXT>', words('optionNote'))
      .option('--yes', words('optionYes'))
      .option('--refresh', words('optionRefresh'))
      .action((requirements: string[], options: RequestOptions) =>
        run(options, () => request(context, ecosystem, requirements, options)),
      )
    if (ecosystem === 'pip')
      asking.option('-c, --constraints <FILE>', words('optionConstraints')).option('--lock <FILE>', words('optionLock'))
  }
  withWait(command(program, 'status', 'aboutStatus'))
    .argument('[ID]', words('argumentId'), parse.id)
    .option('--state <STATE>', words('optionState'), parse.state)
    .option('--limit <N>', words('optionLimit'), parse.limit)
    .action((id: number | undefined, options: ListOptions & Waiting) =>
      run(options, async () => {
        if (id !== undefined) return detail(context, id, options)
        if (options.wait) throw new WrongUsage(words('usageWaitForWhat'))
        return list(context, options)
      }),
    )
  withId(withJson(command(program, 'cancel', 'aboutCancel'))).action((id: number, options: Flags) =>
    run(options, () => cancel(context, id, options)),
  )
  withId(withWait(command(program, 'retry', 'aboutRetry'))).action((id: number, options: Waiting) =>
    run(options, () => retry(context, id, options)),
  )
  withWait(command(program, 'withdraw', 'aboutWithdraw'))
    .argument('<ECOSYSTEM>', words('argumentEcosystem'), parse.ecosystem)
    .argument('<NAME...>', words('argumentRoots'))
    .option('--target <TARGET>', words('optionOneTarget'))
    .option('--requester <NAME>', words('optionRequester', { user: io.user ?? words('nobody') }))
    .option('--note <TEXT>', words('optionNote'))
    .option('--yes', words('optionYes'))
    .action((kind: Kind, roots: string[], options: Parameters<typeof withdraw>[3]) =>
      run(options, () => withdraw(context, kind, roots, options)),
    )
  withJson(command(program, 'targets', 'aboutTargets')).action((options: Flags) =>
    run(options, () => targets(context, options)),
  )
  const target = command(program, 'target', 'aboutTarget')
  withJson(command(target, 'list', 'aboutTargets')).action((options: Flags) =>
    run(options, () => targets(context, options)),
  )
  withJson(command(target, 'add', 'aboutTargetAdd'))
    .argument('<NAME>', words('argumentTarget'))
    .argument('<FILE>', words('argumentDescription'))
    .option('--python <PATH>', words('optionPython'))
    .option('--index <INDEX>', words('optionIndex'))
    .option('--only <ECOSYSTEM>', words('optionOnly'), parse.ecosystem)
    .action((name: string, file: string, options: AddOptions) =>
      run(options, () => addTarget(context, name, file, options)),
    )
  for (const [action, description, act] of [
    ['show', 'aboutTargetShow', showTarget],
    ['remove', 'aboutTargetRemove', removeTarget],
  ] as const)
    withJson(command(target, action, description))
      .argument('<NAME>', words('argumentTarget'))
      .action((name: string, options: Flags) => run(options, () => act(context, name, options)))
  const lock = command(program, 'lock', 'aboutLock')
  for (const [to, about] of [
    ['upstream', 'aboutLockUpstream'],
    ['airlock', 'aboutLockAirlock'],
  ] as const)
    withJson(command(lock, `to-${to}`, about))
      .argument('<FILE>', words('argumentLock'))
      .option('--write', words('optionWrite'))
      .option('--mirror <URL>', words('optionMirror'))
      .option('--index <INDEX>', words('optionLockIndex'))
      .action((file: string, options: ConvertOptions) => run(options, () => convertLock(context, to, file, options)))
  const notify = command(program, 'notify', 'aboutNotify')
  withJson(command(notify, 'list', 'aboutNotifyList')).action((options: Flags) =>
    run(options, () => listHooks(context, options)),
  )
  withJson(command(notify, 'test', 'aboutNotifyTest'))
    .argument('<NAME>', words('argumentHook'))
    .action((name: string, options: Flags) => run(options, () => testHook(context, name, options)))
  withJson(command(program, 'packages', 'aboutPackages'))
    .argument('[ECOSYSTEM]', words('argumentEcosystem'), parse.ecosystem)
    .argument('[NAME]', words('argumentName'))
    .option('--text <TEXT>', words('optionText'))
    .option('--limit <N>', words('optionLimitMany'), parse.many)
    .action((kind: Kind | undefined, name: string | undefined, options: PackagesOptions) =>
      run(options, () =>
        kind !== undefined && name !== undefined
          ? onePackage(context, kind, name, options)
          : packages(context, kind, options),
      ),
    )
  withJson(command(program, 'builds', 'aboutBuilds'))
    .argument('[ID]', words('argumentBuild'), parse.id)
    .option('--limit <N>', words('optionLimit'), parse.limit)
    .action((id: number | undefined, options: BuildsOptions) =>
      run(options, () => (id === undefined ? builds(context, options) : oneBuild(context, id, options))),
    )
  for (const [work, description] of [
    ['rebuild', 'aboutRebuild'],
    ['verify', 'aboutVerify'],
  ] as const) {
    withJson(command(program, work, description))
      .option('--offline', words('optionOffline'))
      .action((options: Flags & { offline?: boolean }) =>
        run({ ...options, work: true }, () => maintain(context, work, options)),
      )
  }
  withJson(command(program, 'backup', 'aboutBackup'))
    .argument('<FILE>', words('argumentBackup'))
    .option('--offline', words('optionOffline'))
    .action((file: string, options: Flags & { offline?: boolean }) =>
      run({ ...options, work: true }, () => backup(context, file, options)),
    )
  command(program, 'completion', 'aboutCompletion')
    .argument('<SHELL>', words('argumentShell'), parse.shell)
    .action((shell: 'bash' | 'zsh') => void io.stdout.write(completionOf(program, shell)))
  return program
}

/** One command in our language, on our streams, that throws where commander would end the process. */
function shape(command: Command, io: Io, words: Words): Command {
  const titles: Readonly<Record<string, Text>> = {
    'Usage:': 'titleUsage',
    'Commands:': 'titleCommands',
    'Options:': 'titleOptions',
    'Arguments:': 'titleArguments',
  }
  return command
    .exitOverride()
    .helpOption('-h, --help', words('optionHelp'))
    .helpCommand(false)
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      outputError: () => {},
      getOutHelpWidth: () => io.stdout.columns || 80,
      getErrHelpWidth: () => io.stderr.columns || 80,
    })
    .configureHelp({
      displayWidth: width,
      styleTitle: (title) => (titles[title] ? words(titles[title]) : title),
      styleUsage: (usage) =>
        usage.replace('[options]', words('wordOptions')).replace('[command]', words('wordCommand')),
      // all have some
      styleSubcommandTerm: (term) => term.replace(' [options]', ''),
    })
}
