/**
 * Where argv and process.env end: one command each, imported dynamically, so that the mirror loads only itself.
 * Exit codes: 0 done or help, 2 wrong command, setting or configuration, 3 another Airlock owns the state, 1 anything else.
 */
import { AirlockError, explain, languageOf, type Code } from './errors.ts'

// before the first use of the pool: a sync of a disk must not stand in the way of inflating a page
process.env['UV_THREADPOOL_SIZE'] ??= '8'

const here = [process.env, process.cwd()] as const
const commands = {
  serve: async () => (await import('./serve.ts')).serve(...here),
  mirror: async () => (await import('./mirror/main.ts')).runMirror(...here),
  rebuild: async () => (await import('./serve.ts')).offline('rebuild', ...here),
  verify: async () => (await import('./serve.ts')).offline('verify', ...here),
  config: async () => {
    const [{ readConfig }, { hideHooks }] = await Promise.all([import('./config.ts'), import('./settings.ts')])
    const config = readConfig(...here)
    printConfig({ ...config, notify: hideHooks(config.notify) })
  },
  'config explain': async (json) => (await import('./settings.ts')).printSettings(...here, json),
  doctor: async (json) => (await import('./doctor/main.ts')).runDoctor(...here, json),
  'backup FILE': async (_, file) => (await import('./backup/main.ts')).runBackup(...here, file),
  'restore FILE': async (_, file) => (await import('./backup/main.ts')).runRestore(...here, file, false),
  'restore FILE --force': async (_, file) => (await import('./backup/main.ts')).runRestore(...here, file, true),
} satisfies Record<string, (json: boolean, file: string) => Promise<void>>

const exits: Partial<Record<Code, number>> = { 'config-invalid': 2, 'setting-invalid': 2, 'state-locked': 3 }

const words = process.argv.slice(2)
const language = languageOf(process.env)
if (words.some((word) => word === '-h' || word === '--help')) {
  process.stdout.write((await import('./usage.ts')).helpOf(words, language))
  process.exit(0)
}
const json = words.at(-1) === '--json'
const takesFile = (words[0] === 'backup' || words[0] === 'restore') && !words[1]?.startsWith('-')
const file = takesFile ? (words[1] ?? '') : ''
const plain = json ? words.slice(0, -1) : words
const name = (file !== '' ? plain.with(1, 'FILE') : plain).join(' ')
if (!Object.hasOwn(commands, name) || (json && name !== 'doctor' && name !== 'config explain')) {
  process.stderr.write((await import('./usage.ts')).wrongUsage(words, language))
  process.exit(2)
}
try {
  await commands[name as keyof typeof commands](json, file)
} catch (error) {
  if (!(error instanceof AirlockError)) throw error
  const { message, hint } = explain(error.code, error.fields, language)
  console.error(`airlock: ${message}\n  ${hint}`)
  process.exit(exits[error.code] ?? 1)
}

/** The settings in force as JSON; what may be a credential in a URL is not shown. */
function printConfig(config: object): void {
  const hidden = (_: string, value: unknown): unknown => {
    const url = typeof value === 'string' && /^https?:/i.test(value) ? URL.parse(value) : null
    return url && (url.username || url.password) ? String(value).replace(/\/\/[^/]*@/, '//***@') : value
  }
  console.log(JSON.stringify(config, hidden, 2))
}
