/**
 * A Dockerfile as its builders read it, as far as ours goes; anything else in it is an error, not passed over:
 *
 *   const { stages } = parseDockerfile(text, { BASE: 'debian:trixie' })
 *   stages[0].from, stages[0].name, stages[0].steps    each with its keyword and its words
 *
 * Also what a .dockerignore leaves of a folder.
 */
export type Step = {
  readonly keyword: string
  /** What follows the keyword, continued lines joined; a JSON list where it is one. */
  readonly text: string
  readonly list: readonly string[] | null
  /** `--from=build` → `{ from: 'build' }`. */
  readonly flags: Readonly<Record<string, string>>
}

export type BuildStage = { readonly from: string; readonly name: string | null; readonly steps: readonly Step[] }

const known = new Set('RUN COPY ENV WORKDIR USER VOLUME EXPOSE HEALTHCHECK ENTRYPOINT CMD'.split(' '))

/** `values`: in place of the defaults of the ARGs before the first FROM. Throws on what it does not know. */
export function parseDockerfile(text: string, values: Readonly<Record<string, string>> = {}): BuildStage[] {
  const args: Record<string, string> = {}
  const stages: { from: string; name: string | null; steps: Step[] }[] = []
  for (const line of linesOf(text)) {
    const [, keyword = '', rest = ''] = /^([A-Z]+)\s+(.*)$/s.exec(line) ?? []
    if (keyword === 'ARG' && stages.length === 0) {
      const [name = '', usual = ''] = rest.split('=')
      args[name] = values[name] ?? usual
    } else if (keyword === 'FROM') {
      const [, from = '', name] = /^(\S+)(?: AS (\S+))?$/.exec(rest) ?? []
      stages.push({
        from: from.replace(/\$\{(\w+)\}/g, (_, name: string) => args[name] ?? ''),
        name: name ?? null,
        steps: [],
      })
    } else if (known.has(keyword) && stages.length > 0) {
      stages.at(-1)!.steps.push(stepOf(keyword, rest))
    } else {
      throw new Error(`not understood: ${line}`)
    }
  }
  return stages
}

function linesOf(text: string): string[] {
  const kept = text.split('\n').filter((line) => !/^\s*(?:#|$)/.test(line))
  return kept
    .join('\n')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
}

function stepOf(keyword: string, rest: string): Step {
  const flags: Record<string, string> = {}
  const text = rest.replace(/^(?:--[a-z-]+=\S+\s+)+/, (found) => {
    for (const [, name, value] of found.matchAll(/--([a-z-]+)=(\S+)/g)) flags[name!] = value!
    return ''
  })
  const list = /^(?:CMD )?\[/.test(text) ? (JSON.parse(text.replace(/^CMD /, '')) as string[]) : null
  return { keyword, text, list, flags }
}

/** `NAME=value NAME=value`, each value one word. */
export function variablesOf({ text }: Step): Record<string, string> {
  return Object.fromEntries(
    text.split(/\s+/).map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  )
}

/**
 * Whether a .dockerignore lets a path of the context into the build: the last line that fits it or a folder above it
 * decides. A folder is let in, too, when a line lets in something below it.
 */
export function createIgnore(text: string): (path: string) => boolean {
  const rules = text
    .split('\n')
    .filter((line) => !/^\s*(?:#|$)/.test(line))
    .map((line) => ({ keeps: line.startsWith('!'), pattern: line.replace(/^!/, '').replace(/\/$/, '') }))
  const fits = (path: string, pattern: string) =>
    new RegExp(`^${pattern.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll('*', '[^/]*')}$`).test(path)
  return (path) => {
    const segments = path.split('/')
    const above = segments.map((_, at) => segments.slice(0, at + 1).join('/'))
    const last = rules.findLast(({ pattern }) => above.some((folder) => fits(folder, pattern)))
    return (last?.keeps ?? true) || rules.some(({ keeps, pattern }) => keeps && pattern.startsWith(`${path}/`))
  }
}
