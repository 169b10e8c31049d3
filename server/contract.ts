/**
 * The JSON API as zod schemas and one table of operations. The server validates with them, clients import their types,
 * `/api/openapi.json` is made from them. Imports nothing of the server.
 */
import { z } from 'zod'
import { states } from '../storage/records.ts'

const instant = z.iso.datetime().meta({ description: 'UTC, ISO 8601' })
const bytes = z.int().nonnegative()
const targetName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/)
/** Of an artifact: whoever answers for what comes in reads it beside the digest. */
const fetchedFrom = z.string().meta({
  description: 'where it is fetched, without credentials and query; of what was built here, where its source is',
})
const freeText = (max: number) => z.string().max(max)
export const ecosystemSchema = z.enum(['pip', 'apt'])
export const stateSchema = z.enum(states)

/** RFC 9457, with Airlock's code, hint and fields. */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    hint: z.string(),
    fields: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'Problem' })

export const newRequestSchema = z
  .strictObject({
    ecosystem: ecosystemSchema,
    requirements: z.array(z.string().min(1).max(1000)).min(1).max(1000),
    constraints: z
      .array(z.string().min(1).max(1000))
      .max(5000)
      .optional()
      .meta({ description: 'bounds on whatever is pulled in, for this request only' }),
    targets: z.array(targetName).min(1).max(32).default(['default']),
    requester: freeText(100).optional(),
    note: freeText(2000).optional(),
    confirm: z
      .boolean()
      .default(false)
      .meta({ description: 'fetch it even where it is larger than what needs a confirmation' }),
    refresh: z.boolean().default(false).meta({ description: 'ask upstream anew, however new the last answer is' }),
  })
  .meta({ id: 'NewRequest' })

const flag = z
  .enum(['true', 'false', '1', '0', ''])
  .default('false')
  .transform((text) => text !== 'false' && text !== '0')

/** The query that goes with a requirements file as the body. */
export const fileQuerySchema = z.object({
  ecosystem: ecosystemSchema.default('pip'),
  target: z.union([targetName, z.array(targetName).min(1).max(32)]).default('default'),
  constraint: z
    .union([z.string(), z.array(z.string()).max(5000)])
    .optional()
    .meta({ description: 'a constraint, repeatable' }),
  lock: z
    .string()
    .regex(/^[\w.-]{1,100}$/)
    .optional()
    .meta({
      description: 'the body is a lock, and this its file’s name: uv.lock, poetry.lock, Pipfile.lock, pylock.toml',
    }),
  requester: freeText(100).optional(),
  note: freeText(2000).optional(),
  confirm: flag,
  refresh: flag,
})

export const progressSchema = z
  .object({
    files: z.int(),
    filesTotal: z.int(),
    bytes,
    bytesTotal: bytes.nullable().meta({ description: 'null while a size is unknown' }),
    bytesPerSecond: z.number(),
    doing: z.string().nullable().optional().meta({ description: 'the release that is being built, while one is' }),
  })
  .meta({ id: 'Progress' })

const requestFields = {
  id: z.int().positive(),
  batch: z.string(),
  ecosystem: ecosystemSchema,
  target: targetName,
  requirements: z.array(z.string()).meta({ description: 'as typed' }),
  requester: z.string().nullable(),
  note: z.string().nullable(),
  reqId: z.string().nullable().meta({
    description: 'X-Request-Id of whatever asked for it last: every line about it in the server’s log has it',
  }),
  createdAt: instant,
  state: stateSchema,
  startedAt: instant.nullable(),
  finishedAt: instant.nullable(),
  job: z.int(),
  progress: progressSchema.nullable(),
  waiting: problemSchema.nullable().meta({ description: 'what holds it up; it goes on by itself' }),
  files: z.int().nullable().meta({ description: 'of the closure; null before it is known' }),
  bytes: bytes.nullable().meta({ description: 'of the closure; null before every size is known' }),
  install: z.string().meta({
    description: 'the line that installs it in a pod; empty where nothing of it can be, or a withdrawal took it back',
  }),
  withdrawn: z.boolean().meta({ description: 'ready once, and all that it asked for was taken back since' }),
  problem: problemSchema.nullable(),
}

export const requestSchema = z.object(requestFields).meta({ id: 'Request' })

export const closureItemSchema = z
  .object({
    project: z.string(),
    version: z.string(),
    file: z.string(),
    size: bytes.nullable(),
    sha256: z.string(),
    origin: z.string(),
    url: fetchedFrom,
    uploadedAt: instant.nullable(),
    root: z.boolean(),
    neededBy: z.array(z.string()),
    new: z.boolean().meta({ description: 'was not here before this request' }),
    update: z
      .boolean()
      .meta({ description: 'an update of what is here, which comes along; the request itself does not need it' }),
    proved: z.string().nullable().meta({ description: 'the version that the proof picked, where it differs' }),
    build: z.int().nullable().meta({ description: 'the build that made it here; null: it is as upstream has it' }),
    source: z.boolean().meta({ description: 'the source of what is to be built in its place' }),
  })
  .meta({ id: 'ClosureItem' })

export const remarkSchema = z
  .object({ code: z.string(), message: z.string(), fields: z.record(z.string(), z.unknown()) })
  .meta({ id: 'Remark' })

export const requestDetailSchema = z
  .object({
    ...requestFields,
    timeline: z
      .array(z.object({ state: stateSchema, at: instant, seconds: z.number().nullable() }))
      .meta({ description: 'of the latest attempt' }),
    history: z
      .array(
        z.object({ act: z.enum(['asked', 'retried', 'cancelled']), requester: z.string().nullable(), at: instant }),
      )
      .meta({ description: 'who did what to it, for ever' }),
    closure: z.array(closureItemSchema).nullable(),
    remarks: z.array(remarkSchema),
  })
  .meta({ id: 'RequestDetail' })

export const requestQuerySchema = z.object({
  state: stateSchema.or(z.literal('unfinished')).optional(),
  ecosystem: ecosystemSchema.optional(),
  target: targetName.optional(),
  requester: freeText(100).optional(),
  text: freeText(200).optional(),
  batch: z.string().max(64).optional().meta({ description: 'those asked for together, one a target' }),
  cursor: z
    .string()
    .regex(/^\d{1,15}$/)
    .optional()
    .meta({ description: 'next of the page before' }),
  limit: z.coerce.number().int().min(1).max(200).default(50),
})

export const targetSchema = z
  .object({
    name: targetName,
    ecosystem: ecosystemSchema,
    summary: z.string(),
    source: z.string(),
    index: z.string().meta({ description: 'the index URL that a pod of this kind is given' }),
    facts: z.record(z.string(), z.unknown()),
    addedAt: instant.optional().meta({ description: 'absent: the configuration, or this machine, is it' }),
  })
  .meta({ id: 'Target' })

/** A target as a pod describes itself. */
const podTarget = {
  name: targetName.regex(/^(?!(?:pool|requests)$)/),
  python: z
    .string()
    .min(1)
    .max(1000)
    .optional()
    .meta({ description: 'the path of one of its Pythons; else its default' }),
  index: targetName
    .regex(/^(?!(?:pool|requests)$)/)
    .default('simple')
    .meta({ description: 'the pip index that its pods read' }),
  only: ecosystemSchema.optional().meta({ description: 'leave the other ecosystem out' }),
}

export const newTargetSchema = z
  .strictObject({
    ...podTarget,
    description: z.string().min(1).meta({ description: 'what setup.sh --describe prints, whole' }),
  })
  .meta({ id: 'NewTarget' })

/** The query that goes with a description as the body. */
export const newTargetQuerySchema = z.object(podTarget)

/** What one line of a request means here, before it is sent. */
export const checkedLineSchema = z
  .object({
    line: z.string(),
    roots: z.array(z.string()).meta({ description: 'canonical; empty when the line is not taken' }),
    problem: problemSchema.nullable(),
    known: z.boolean().meta({ description: 'false: no list held here has this name; it may exist all the same' }),
    near: z.array(z.string()).meta({ description: 'known names that are near an unknown one, best first' }),
    here: z
      .array(z.object({ target: targetName, version: z.string(), install: z.string() }))
      .meta({ description: 'targets on which it installs already' }),
  })
  .meta({ id: 'CheckedLine' })

export const previewSchema = z
  .object({
    ecosystem: ecosystemSchema,
    target: targetName,
    closure: z.array(closureItemSchema).meta({ description: 'new: not listed on this target yet' }),
    bytes: bytes.nullable().meta({ description: 'of what is new; null where a size is unknown' }),
    remarks: z.array(remarkSchema),
    install: z.string(),
  })
  .meta({ id: 'Preview' })

/** Where a name is known from: mirrored here, asked for once, seen as a dependency, or a list that lies here. */
export const knownNameSchema = z
  .object({
    name: z.string(),
    known: z.enum(['mirrored', 'asked', 'seen', 'archive', 'index']),
    summary: z.string().nullable(),
  })
  .meta({ id: 'KnownName' })

export const statusSchema = z
  .object({
    disk: z.object({ free: bytes, total: bytes, keepFree: bytes }),
    unfinished: z.int().nonnegative(),
    upstreams: z.array(
      z.object({
        name: z.string(),
        contact: z
          .object({ at: instant, ok: z.boolean() })
          .nullable()
          .meta({ description: 'the last answer or failure since the start' }),
      }),
    ),
  })
  .meta({ id: 'Status' })

export const readinessSchema = z
  .object({ status: z.enum(['ready', 'unready']), checks: z.record(z.string(), z.string()) })
  .meta({ id: 'Readiness' })

export const maintenanceSchema = z
  .object({ checked: z.int(), written: z.int(), damaged: z.array(z.string()), unknown: z.array(z.string()) })
  .meta({ id: 'Maintenance' })

export const packageSummarySchema = z
  .object({ name: z.string(), files: z.int(), bytes, addedAt: instant })
  .meta({ id: 'PackageSummary' })

export const packageSchema = z
  .object({
    ecosystem: ecosystemSchema,
    name: z.string(),
    summary: z.string().nullable(),
    files: z.array(
      z.object({
        file: z.string(),
        version: z.string(),
        size: bytes.nullable(),
        sha256: z.string(),
        origin: z.string(),
        url: fetchedFrom,
        uploadedAt: instant.nullable(),
        addedAt: instant,
        indexes: z.array(z.string()).meta({ description: 'the indexes or repositories that list it' }),
        path: z.string().meta({ description: 'below the mirror’s address' }),
        facts: z.record(z.string(), z.unknown()),
      }),
    ),
    requests: z.array(z.object({ id: z.int(), root: z.boolean() })).meta({ description: 'newest first, at most 100' }),
    neededBy: z.array(z.string()),
  })
  .meta({ id: 'Package' })

export const packageDescriptionSchema = z
  .object({
    version: z.string().meta({ description: 'the newest, whose description this is' }),
    fits: z.array(z.object({ file: z.string(), targets: z.array(targetName) })),
    install: z.array(z.object({ target: targetName, line: z.string() })),
    askers: z.array(z.object({ id: z.int(), requester: z.string().nullable(), at: instant })),
    description: z
      .object({ text: z.string(), markdown: z.boolean() })
      .nullable()
      .meta({ description: 'the package’s own words, not to be trusted' }),
  })
  .meta({ id: 'PackageDescription' })

const materialSchema = z.object({ file: z.string(), sha256: z.string(), size: bytes.nullable(), origin: z.string() })

const buildFields = {
  id: z.int().positive(),
  ecosystem: ecosystemSchema,
  project: z.string(),
  version: z.string(),
  target: targetName.meta({ description: 'the target of the job that it was for; others may use its result' }),
  job: z.int(),
  source: materialSchema,
  requirements: z.array(materialSchema).meta({ description: 'what was installed to build it, exactly' }),
  builder: z.record(z.string(), z.unknown()),
  made: z
    .object({ file: z.string(), sha256: z.string(), size: bytes })
    .nullable()
    .meta({ description: 'null: it failed' }),
  problem: problemSchema.nullable(),
  beganAt: instant,
  endedAt: instant,
}

/** A file that was made here from its source, or an attempt at it. */
export const buildSchema = z.object(buildFields).meta({ id: 'Build' })

export const buildDetailSchema = z
  .object({ ...buildFields, log: z.string().meta({ description: 'what was said while it ran, not to be trusted' }) })
  .meta({ id: 'BuildDetail' })

export const packageQuerySchema = z.object({
  text: freeText(200).optional(),
  cursor: freeText(200).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
})

const ecosystemParam = z.object({ ecosystem: ecosystemSchema })
const packageParam = z.object({ ecosystem: ecosystemSchema, name: z.string().min(1).max(200) })
const id = z.object({ id: z.coerce.number().int().positive() })
const who = z.strictObject({ requester: freeText(100).optional().meta({ description: 'who does it' }) })

export const hookSchema = z
  .object({
    name: z.string(),
    kind: z.enum(['json', 'feishu', 'dingtalk', 'wecom', 'slack', 'mail']),
    on: z.array(z.enum(['ready', 'failed', 'held'])),
    language: z.enum(['en', 'zh']),
    waiting: z.int().nonnegative().meta({ description: 'notices that are not taken yet' }),
    problem: problemSchema.nullable().meta({ description: 'why the oldest of them was not taken at its last try' }),
  })
  .meta({ id: 'Hook' })

export const backupSchema = z
  .object({
    file: z.string().meta({ description: 'on the server; it holds secrets, so it is never sent' }),
    bytes,
    sha256: z.string(),
    files: z.int(),
    outside: z.array(z.string()).meta({ description: 'files that the configuration names and the backup has not' }),
  })
  .meta({ id: 'Backup' })

/** One row per operation: `params`, `query` and `body` are checked on the way in, `answer` is what a 2xx carries. */
export const operations = {
  createRequests: {
    method: 'post',
    path: '/api/requests',
    status: 202,
    body: newRequestSchema,
    /** The body may also be a requirements file or a lock as text/plain, with this query. */
    file: fileQuerySchema,
    answer: z.object({ requests: z.array(requestSchema) }),
    summary: 'Ask for packages',
  },
  listRequests: {
    method: 'get',
    path: '/api/requests',
    status: 200,
    query: requestQuerySchema,
    answer: z.object({ requests: z.array(requestSchema), next: z.string().nullable() }),
    summary: 'Requests, newest first',
  },
  getRequest: {
    method: 'get',
    path: '/api/requests/:id',
    status: 200,
    params: id,
    answer: requestDetailSchema,
    summary: 'One request with timeline and closure',
  },
  withdraw: {
    method: 'post',
    path: '/api/withdrawals',
    status: 202,
    body: z.strictObject({
      ecosystem: ecosystemSchema,
      roots: z
        .array(z.string().min(1).max(1000))
        .min(1)
        .max(1000)
        .meta({ description: 'as they were asked for; what only they needed goes with them' }),
      target: targetName.default('default'),
      requester: freeText(100).optional(),
      note: freeText(2000).optional(),
      confirm: z
        .boolean()
        .default(false)
        .meta({ description: 'fetch what a solve without them brings, even where that needs a confirmation' }),
    }),
    answer: z.object({ requests: z.array(requestSchema) }),
    summary: 'Take back what was asked for, where an index does not only grow',
  },
  cancelRequest: {
    method: 'post',
    path: '/api/requests/:id/cancel',
    status: 200,
    params: id,
    body: who,
    answer: requestSchema,
    summary: 'Stop a request that is under way',
  },
  retryRequest: {
    method: 'post',
    path: '/api/requests/:id/retry',
    status: 202,
    params: id,
    body: who,
    answer: requestSchema,
    summary: 'Try a finished request again',
  },
  repeatRequest: {
    method: 'post',
    path: '/api/requests/:id/repeat',
    status: 202,
    params: id,
    body: z.strictObject({
      confirm: z
        .boolean()
        .default(false)
        .meta({ description: 'fetch it even where it is larger than what needs a confirmation' }),
      refresh: z.boolean().default(false).meta({ description: 'ask upstream anew, however new the last answer is' }),
      requester: freeText(100).optional().meta({ description: 'who asks now' }),
    }),
    answer: z.object({ requests: z.array(requestSchema) }),
    summary: 'Ask again for exactly what a request asked: constraints, hashes and lock included',
  },
  checkRequirements: {
    method: 'post',
    path: '/api/requirements/check',
    status: 200,
    body: z.strictObject({
      ecosystem: ecosystemSchema,
      requirements: z.array(z.string().max(2000)).max(1000),
      targets: z.array(targetName).max(32).default(['default']),
    }),
    answer: z.object({ lines: z.array(checkedLineSchema) }),
    summary: 'Each line as the server reads it, and what is here already; asks nobody outside',
  },
  previewClosure: {
    method: 'post',
    path: '/api/closures',
    status: 200,
    body: z.strictObject({
      ecosystem: ecosystemSchema,
      requirements: z.array(z.string().min(1).max(1000)).min(1).max(1000),
      target: targetName.default('default'),
    }),
    answer: previewSchema,
    summary: 'Solve without keeping or fetching anything',
  },
  listNames: {
    method: 'get',
    path: '/api/names/:ecosystem',
    status: 200,
    params: z.object({ ecosystem: ecosystemSchema }),
    query: z.object({
      prefix: z.string().min(1).max(128),
      target: targetName.optional(),
      limit: z.coerce.number().int().min(1).max(50).default(10),
    }),
    answer: z.object({ names: z.array(knownNameSchema) }),
    summary: 'Names that begin so, from lists that lie here; asks nobody outside',
  },
  status: {
    method: 'get',
    path: '/api/status',
    status: 200,
    answer: statusSchema,
    summary: 'Disk, queue, and when upstreams last answered',
  },
  listTargets: {
    method: 'get',
    path: '/api/targets',
    status: 200,
    answer: z.object({
      targets: z.array(targetSchema),
      setAside: z
        .array(z.object({ name: targetName, problem: problemSchema }))
        .optional()
        .meta({ description: 'added ones that cannot be offered, and why' }),
    }),
    summary: 'The kinds of HomePod',
  },
  addTarget: {
    method: 'post',
    path: '/api/targets',
    status: 201,
    body: newTargetSchema,
    /** The body may also be the description as text/plain, with this query. */
    file: newTargetQuerySchema,
    answer: z.object({ targets: z.array(targetSchema) }),
    summary: 'Add a kind of HomePod as a pod describes itself',
  },
  getTarget: {
    method: 'get',
    path: '/api/targets/:name',
    status: 200,
    params: z.object({ name: targetName }),
    answer: z.object({
      targets: z.array(targetSchema).meta({ description: 'by ecosystem; empty where it is set aside' }),
      description: z.string().nullable().meta({ description: 'as it was added; null: it was not' }),
      problem: problemSchema.nullable().meta({ description: 'why it is set aside' }),
    }),
    summary: 'One kind of HomePod, with the description that it was added with',
  },
  removeTarget: {
    method: 'post',
    path: '/api/targets/:name/remove',
    status: 200,
    params: z.object({ name: targetName }),
    answer: z.object({ removed: targetName }),
    summary: 'Remove an added kind of HomePod; what it has published stays',
  },
  listPackages: {
    method: 'get',
    path: '/api/packages/:ecosystem',
    status: 200,
    params: ecosystemParam,
    query: packageQuerySchema,
    answer: z.object({ packages: z.array(packageSummarySchema), next: z.string().nullable() }),
    summary: 'What is mirrored, by name',
  },
  getPackage: {
    method: 'get',
    path: '/api/packages/:ecosystem/:name',
    status: 200,
    params: packageParam,
    answer: packageSchema,
    summary: 'One package: versions, files, who asked, what needs it',
  },
  describePackage: {
    method: 'get',
    path: '/api/packages/:ecosystem/:name/description',
    status: 200,
    params: packageParam,
    answer: packageDescriptionSchema,
    summary: 'A package’s own words, the targets that its files fit, and the lines that install it',
  },
  listHooks: {
    method: 'get',
    path: '/api/hooks',
    status: 200,
    answer: z.object({ hooks: z.array(hookSchema) }),
    summary: 'Who is told of what, and how many notices wait',
  },
  testHook: {
    method: 'post',
    path: '/api/hooks/:hook/test',
    status: 200,
    params: z.object({ hook: targetName }),
    answer: z.object({ hook: z.string(), sent: z.literal(true) }),
    summary: 'Send a test notice',
  },
  convertLock: {
    method: 'post',
    path: '/api/locks',
    status: 200,
    body: z
      .strictObject({
        text: z.string().max(8_000_000),
        to: z.enum(['upstream', 'airlock']),
        mirror: z
          .url({ protocol: /^(https?|file)$/ })
          .max(2000)
          .optional()
          .meta({ description: 'the mirror as the lock calls it; absent: as this Airlock does' }),
        index: targetName.default('simple').meta({ description: 'the index that pods read' }),
      })
      .meta({ id: 'LockConversion' }),
    answer: z.object({
      text: z.string(),
      replaced: z.int().meta({ description: 'addresses that are others now' }),
      missing: z.array(z.string()).meta({ description: 'projects none of whose files is here' }),
    }),
    summary: 'Turn a lock’s addresses into upstream’s, or into Airlock’s',
  },
  listBuilds: {
    method: 'get',
    path: '/api/builds',
    status: 200,
    query: z.object({
      cursor: z
        .string()
        .regex(/^\d{1,15}$/)
        .optional()
        .meta({ description: 'next of the page before' }),
      limit: z.coerce.number().int().min(1).max(200).default(50),
    }),
    answer: z.object({ builds: z.array(buildSchema), next: z.string().nullable() }),
    summary: 'What was built here, newest first',
  },
  getBuild: {
    method: 'get',
    path: '/api/builds/:id',
    status: 200,
    params: id,
    answer: buildDetailSchema,
    summary: 'One build: what went in, what came of it, its log',
  },
  rebuild: {
    method: 'post',
    path: '/api/maintenance/rebuild',
    status: 200,
    answer: maintenanceSchema,
    summary: 'Write every index again',
  },
  backup: {
    method: 'post',
    path: '/api/maintenance/backup',
    status: 200,
    answer: backupSchema,
    summary: 'Back the state up into a file on the server, which only its owner there can read',
  },
  verify: {
    method: 'post',
    path: '/api/maintenance/verify',
    status: 200,
    answer: maintenanceSchema,
    summary: 'Hash every file again',
  },
  health: {
    method: 'get',
    path: '/healthz',
    status: 200,
    answer: z.object({ status: z.literal('ok') }),
    summary: 'The process lives',
  },
  readiness: { method: 'get', path: '/readyz', status: 200, answer: readinessSchema, summary: 'It can take requests' },
} as const

export type Operation = keyof typeof operations
export type NewRequest = z.input<typeof newRequestSchema>
export type RequestView = z.infer<typeof requestSchema>
export type RequestDetail = z.infer<typeof requestDetailSchema>
export type ProblemView = z.infer<typeof problemSchema>
export type ClosureItemView = z.infer<typeof closureItemSchema>
export type TargetView = z.infer<typeof targetSchema>
export type MaintenanceView = z.infer<typeof maintenanceSchema>
export type BuildView = z.infer<typeof buildSchema>
export type PackageView = z.infer<typeof packageSchema>
export type PackageSummaryView = z.infer<typeof packageSummarySchema>
export type ProgressView = z.infer<typeof progressSchema>
