import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const project = fileURLToPath(new URL('../..', import.meta.url))
const type = (module: string) => `import type { Probe } from '${module}'`
const value = (module: string) => `import { probe } from '${module}'`
const lazy = (module: string) => `export const late = import('${module}')`

/** A file of the skeleton, with lines that the rules must refuse and lines that they must allow. */
type Probe = { readonly refused: readonly string[]; readonly allowed: readonly string[] }

const ecosystem = (other: string): Probe => ({
  refused: [
    value(`../${other}/names.ts`),
    type(`../${other}/names.ts`),
    lazy(`../${other}/names.ts`),
    value('../upstream/client.ts'),
    type('../upstream/client.ts'),
    value('../console/api.ts'),
    type('../queue.ts'),
    value('../fulfil.ts'),
    value('../child.ts'),
    value('../config.ts'),
    value('../ecosystem.ts'),
    value('../../storage/jobs.ts'),
    value('../../storage/tree.ts'),
    value('../../client/cli/main.ts'),
    value('node:net'),
    value('node:https'),
    value('dns/promises'),
    value('node:child_process'),
    value('got'),
    value('better-sqlite3'),
    value('kysely'),
    'export const home = process.env.HOME',
    "console.log('probe')",
  ],
  allowed: [
    value('../errors.ts'),
    value('../archive/tar.ts'),
    value('../../storage/layout.ts'),
    value('../../storage/records.ts'),
    type('../ecosystem.ts'),
    type('../config.ts'),
    type('../child.ts'),
    type('../../storage/apt.ts'),
    type('node:http'),
    value('./names.ts'),
    value('node:fs/promises'),
    value('htmlparser2'),
  ],
})

const probes: Readonly<Record<string, Probe>> = {
  'server/pip/probe.ts': ecosystem('apt'),
  'server/apt/probe.ts': ecosystem('pip'),
  'server/archive/probe.ts': {
    refused: [
      value('../pip/names.ts'),
      type('../apt/names.ts'),
      type('../child.ts'),
      type('../ecosystem.ts'),
      value('../../storage/jobs.ts'),
      value('node:net'),
      value('node:child_process'),
      value('tar-stream'),
    ],
    allowed: [type('../errors.ts'), value('./tar.ts'), value('node:zlib')],
  },
  'server/sandbox/probe.ts': {
    refused: [
      value('../pip/names.ts'),
      type('../pip/names.ts'),
      value('../upstream/client.ts'),
      type('../queue.ts'),
      value('../child.ts'),
      type('../config.ts'),
      type('../ecosystem.ts'),
      value('../../storage/jobs.ts'),
      type('../../storage/records.ts'),
      value('node:net'),
      value('node:child_process'),
      value('got'),
      'export const home = process.env.HOME',
    ],
    allowed: [value('../errors.ts'), type('../child.ts'), value('./names.ts'), value('node:fs/promises')],
  },
  'server/metrics/probe.ts': {
    refused: [
      value('../pip/names.ts'),
      type('../upstream/client.ts'),
      value('../queue.ts'),
      value('../../storage/events.ts'),
      value('node:http'),
      value('node:child_process'),
      value('got'),
    ],
    allowed: [
      value('prom-client'),
      value('node:fs/promises'),
      value('../../storage/records.ts'),
      type('../../storage/events.ts'),
      type('../mirror-child.ts'),
      value('./meters.ts'),
    ],
  },
  'server/notices/probe.ts': {
    refused: [
      value('../upstream/send.ts'),
      value('../pip/names.ts'),
      value('../config.ts'),
      value('../child.ts'),
      value('nodemailer'),
      value('got'),
      value('node:net'),
      value('node:child_process'),
      value('kysely'),
    ],
    allowed: [
      value('../errors.ts'),
      type('../upstream/send.ts'),
      value('../../storage/outbox.ts'),
      value('node:crypto'),
    ],
  },
  'server/backup/probe.ts': {
    refused: [
      value('../upstream/send.ts'),
      value('../airlock.ts'),
      value('../child.ts'),
      value('better-sqlite3'),
      value('node:https'),
      value('node:child_process'),
    ],
    allowed: [value('../errors.ts'), value('../config.ts'), value('../../storage/copy.ts'), value('tar-stream')],
  },
  'server/mirror/probe.ts': {
    refused: [
      value('nodemailer'),
      value('../ecosystem.ts'),
      type('../contract.ts'),
      value('../console/api.ts'),
      lazy('../airlock.ts'),
      value('../upstream/client.ts'),
      value('../../storage/database.ts'),
      type('../../storage/records.ts'),
      value('got'),
      value('express'),
      value('better-sqlite3'),
      value('zod'),
      value('@scope/package'),
      value('node:https'),
      value('node:dns'),
      value('node:child_process'),
    ],
    allowed: [value('../config.ts'), value('../errors.ts'), value('../../storage/layout.ts'), value('node:http')],
  },
  'server/console/probe.ts': {
    refused: [
      value('../pip/names.ts'),
      type('../apt/names.ts'),
      value('../upstream/client.ts'),
      value('../fulfil.ts'),
      value('../airlock.ts'),
      value('../child.ts'),
      value('got'),
      value('kysely'),
      value('node:https'),
    ],
    allowed: [
      value('../queue.ts'),
      value('../contract.ts'),
      value('../errors.ts'),
      value('../../storage/requests.ts'),
      type('../ecosystem.ts'),
      value('express'),
      value('node:http'),
    ],
  },
  'server/upstream/probe.ts': {
    refused: [
      value('../pip/names.ts'),
      type('../console/api.ts'),
      value('../queue.ts'),
      type('../fulfil.ts'),
      value('../contract.ts'),
      value('express'),
      value('node:child_process'),
    ],
    allowed: [
      value('got'),
      value('nodemailer'),
      value('node:https'),
      value('../errors.ts'),
      value('../../storage/layout.ts'),
    ],
  },
  'server/fulfil.ts': {
    refused: [
      value('nodemailer'),
      value('./pip/names.ts'),
      type('./apt/names.ts'),
      lazy('./console/api.ts'),
      value('./mirror/place.ts'),
      value('./upstream/client.ts'),
      value('../client/cli/main.ts'),
      value('got'),
      value('express'),
      value('node:http'),
      value('node:child_process'),
    ],
    allowed: [type('./upstream/client.ts'), value('../storage/jobs.ts'), type('./ecosystem.ts'), value('p-queue')],
  },
  'server/airlock.ts': {
    refused: [value('./mirror/place.ts'), value('node:http'), value('got'), value('better-sqlite3')],
    allowed: [
      value('./pip/names.ts'),
      value('./apt/names.ts'),
      value('./upstream/client.ts'),
      value('./console/api.ts'),
    ],
  },
  'server/serve.ts': {
    refused: [value('./mirror/place.ts'), value('express'), value('node:https'), value('node:child_process')],
    allowed: [value('./console/app.ts'), value('./airlock.ts'), type('express')],
  },
  'server/metrics-listener.ts': {
    refused: [
      value('./mirror/place.ts'),
      type('./config.ts'),
      value('prom-client'),
      value('node:https'),
      value('node:child_process'),
    ],
    allowed: [value('node:http'), type('node:net')],
  },
  'server/machine.ts': {
    refused: [value('./mirror/place.ts'), value('got'), 'export const home = process.env.HOME'],
    allowed: [value('./pip/interpreter.ts'), value('./apt/host.ts')],
  },
  'server/main.ts': {
    refused: [value('./pip/names.ts'), value('./console/api.ts'), value('node:net')],
    allowed: [
      value('./errors.ts'),
      lazy('./airlock.ts'),
      lazy('./mirror/main.ts'),
      "console.log('probe')",
      'export const home = process.env.HOME',
    ],
  },
  'server/errors.ts': {
    refused: [value('./config.ts'), value('../storage/records.ts'), value('zod')],
    allowed: [type('../storage/records.ts'), value('./error-texts.ts')],
  },
  'server/contract.ts': {
    refused: [
      value('./errors.ts'),
      type('./ecosystem.ts'),
      value('../storage/jobs.ts'),
      value('../client/cli/main.ts'),
    ],
    allowed: [value('zod'), value('../storage/records.ts')],
  },
  'storage/probe.ts': {
    refused: [
      value('../server/config.ts'),
      type('../server/ecosystem.ts'),
      value('../server/pip/names.ts'),
      value('got'),
      value('p-queue'),
      value('node:http'),
      'export const home = process.env.HOME',
    ],
    allowed: [value('../server/errors.ts'), value('./layout.ts'), value('kysely'), value('better-sqlite3')],
  },
  'storage/migrations/probe.ts': {
    refused: [value('../rows.ts'), value('../../server/errors.ts'), value('better-sqlite3')],
    allowed: [value('kysely'), type('../database.ts')],
  },
  'storage/layout.ts': { refused: [type('./records.ts'), value('zod')], allowed: [value('node:path')] },
  'storage/records.ts': { refused: [type('./layout.ts'), value('../server/errors.ts')], allowed: [] },
  'client/cli/probe.ts': {
    refused: [
      value('../../server/errors.ts'),
      type('../../server/config.ts'),
      value('../../storage/records.ts'),
      lazy('../../server/main.ts'),
      value('express'),
    ],
    allowed: [value('../../server/contract.ts'), value('commander'), "console.log('probe')"],
  },
  'client/page/src/deep/probe.ts': {
    refused: [value('../../../../server/errors.ts'), value('../../../../storage/records.ts'), value('better-sqlite3')],
    allowed: [type('../../../../server/contract.ts')],
  },
}

/** Each line of a file with names of its own. */
const numbered = (line: string, index: number) =>
  line.replace(/\{ (probe|Probe) \}/, `{ $1 as $1${index} }`).replace(/const \w+/, `const constant${index}`)

/** What takes more than a line. */
const companions: Readonly<Record<string, string>> = {
  'server/round.ts': "import { b } from './trip.ts'\nexport const a = b\n",
  'server/trip.ts': "import * as round from './round.ts'\nexport const b = round\n",
  'server/floating.ts': 'async function work(): Promise<void> {}\nexport function start(): void {\n  work()\n}\n',
}

const architecture = /no-restricted-imports|no-cycle|no-console|no-process-env|no-floating-promises/
let folder = ''
let reported: ReadonlyMap<string, ReadonlySet<string>>

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'airlock-test-'))
  for (const file of ['.oxlintrc.json', 'tsconfig.json', 'package.json'])
    await cp(join(project, file), join(folder, file))
  await symlink(join(project, 'node_modules'), join(folder, 'node_modules'))
  const files = Object.entries(probes).map(([file, { refused, allowed }]) => [
    file,
    [...refused, ...allowed].map(numbered).join('\n'),
  ])
  for (const [file, text] of [...files, ...Object.entries(companions)] as [string, string][]) {
    await mkdir(dirname(join(folder, file)), { recursive: true })
    await writeFile(join(folder, file), text)
  }
  reported = await lint()
})

after(() => rm(folder, { recursive: true, force: true }))

/** `file:line` -> the rules that were broken there. */
function lint(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const { promise, resolve, reject } = Promise.withResolvers<ReadonlyMap<string, ReadonlySet<string>>>()
  const oxlint = join(project, 'node_modules/oxlint/bin/oxlint')
  const options = { cwd: folder, maxBuffer: 2 ** 26 }
  execFile(process.execPath, [oxlint, '--type-aware', '-f', 'unix'], options, (_, stdout) => {
    const found = new Map<string, Set<string>>()
    for (const [, place = '', rule = ''] of stdout.matchAll(/^([^:\n]+:\d+):\d+: .*\[\w+\/(.*)\]$/gm)) {
      if (architecture.test(rule)) found.set(place, (found.get(place) ?? new Set()).add(rule))
    }
    if (found.size > 0) resolve(found)
    else reject(new Error(`oxlint reported nothing:\n${stdout}`))
  })
  return promise
}

for (const [file, { refused, allowed }] of Object.entries(probes)) {
  test(`${file} is refused what it may not reach, and nothing else`, () => {
    refused.forEach((line, index) => assert.ok(reported.has(`${file}:${index + 1}`), `should be refused: ${line}`))
    allowed.forEach((line, index) => {
      const rules = reported.get(`${file}:${refused.length + index + 1}`)
      assert.equal(rules, undefined, `should be allowed: ${line} (${[...(rules ?? [])].join(', ')})`)
    })
  })
}

test('two files that import each other are refused', () => {
  assert.ok(reported.get('server/trip.ts:1')?.has('import(no-cycle)'))
})

test('a promise that nobody waits for is refused', () => {
  assert.ok(reported.get('server/floating.ts:3')?.has('typescript(no-floating-promises)'))
})
