/** The contract as an OpenAPI 3.1 document, made from the very schemas that check requests. */
import { z } from 'zod'
import { operations, problemSchema } from '../contract.ts'
import { reqIdPattern } from './exchanges.ts'

type Row = {
  readonly method: string
  readonly path: string
  readonly status: number
  readonly summary: string
  readonly params?: z.ZodObject
  readonly query?: z.ZodObject
  readonly body?: z.ZodType
  readonly file?: z.ZodObject
  readonly answer: z.ZodType
}

type Operation = {
  readonly operationId: string
  readonly summary: string
  readonly parameters: readonly object[]
  readonly requestBody?: object
  readonly responses: Readonly<Record<string, object>>
}

/** Server-sent events: `state` with an id to resume from, `progress`, `reset`. */
const streams = [
  ['/api/events', 'streamEvents', 'Every change of state as it happens'],
  ['/api/requests/{id}/events', 'streamRequestEvents', 'Changes of one request as they happen'],
] as const

/** What an exchange is called: by its client, or by the server, whose every answer says it. */
const requestId = {
  description: 'Names this exchange in every line of the server’s log; one that is no such name is replaced',
  schema: { type: 'string', pattern: reqIdPattern.source },
}
const named = { 'X-Request-Id': { $ref: '#/components/headers/requestId' } }

export function describeApi(): object {
  const paths: Record<string, Record<string, object>> = {}
  const schemas: Record<string, object> = {}

  /** A path's operation, with what is true of all of them. */
  function put(path: string, method: string, { parameters: own, responses, ...operation }: Operation): void {
    const all = Object.entries(responses).map(([status, answer]) => [status, { ...answer, headers: named }])
    const parameters = [...own, { $ref: '#/components/parameters/requestId' }]
    paths[path] = { ...paths[path], [method]: { ...operation, parameters, responses: Object.fromEntries(all) } }
  }

  /** A schema by reference, its definitions gathered under components. */
  function schemaOf(schema: z.ZodType, io: 'input' | 'output'): object {
    const {
      $schema: _,
      $defs = {},
      ...root
    } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Record<string, unknown> & {
      $defs?: Record<string, object>
    }
    Object.assign(schemas, relocate($defs))
    return relocate(root) as object
  }

  for (const [operationId, row] of Object.entries(operations as Record<string, Row>)) {
    const path = row.path.replace(/:(\w+)/g, '{$1}')
    const fail = {
      description: 'Problem (RFC 9457)',
      content: { 'application/problem+json': { schema: schemaOf(problemSchema, 'output') } },
    }
    put(path, row.method, {
      operationId,
      summary: row.summary,
      parameters: [...parameters('path', row.params), ...parameters('query', row.query ?? row.file)],
      ...(row.body && { requestBody: bodyOf(row.body, row.file) }),
      responses: {
        [row.status]: {
          description: row.summary,
          content: { 'application/json': { schema: schemaOf(row.answer, 'output') } },
        },
        '4XX': fail,
        '5XX': fail,
      },
    })
  }
  for (const [path, operationId, summary] of streams) {
    const described = operations.getRequest.params
    put(path, 'get', {
      operationId,
      summary,
      parameters: path.includes('{id}') ? parameters('path', described) : [],
      responses: {
        200: { description: summary, content: { 'text/event-stream': { schema: { type: 'string' } } } },
        '4XX': {
          description: 'Problem (RFC 9457)',
          content: { 'application/problem+json': { schema: schemaOf(problemSchema, 'output') } },
        },
      },
    })
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Airlock', version: '1', description: 'Ask for packages and watch them become installable.' },
    paths,
    components: {
      schemas,
      parameters: { requestId: { name: 'X-Request-Id', in: 'header', required: false, ...requestId } },
      headers: { requestId },
    },
  }

  function bodyOf(body: z.ZodType, file: z.ZodObject | undefined): object {
    const json = { 'application/json': { schema: schemaOf(body, 'input') } }
    const text = {
      'text/plain': { schema: { type: 'string', description: 'a requirements file; the query says the rest' } },
    }
    return { required: true, content: file ? { ...json, ...text } : json }
  }

  function parameters(place: 'path' | 'query', object: z.ZodObject | undefined): object[] {
    return Object.entries(object?.shape ?? {}).map(([name, schema]) => ({
      name,
      in: place,
      required: place === 'path' || !schema.safeParse(undefined).success,
      schema: schemaOf(schema as z.ZodType, 'input'),
    }))
  }
}

/** `#/$defs/X` -> `#/components/schemas/X`. */
function relocate(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(relocate)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== 'id' || typeof (value as { id: unknown }).id !== 'string')
      .map(([key, inner]) => [
        key,
        key === '$ref' && typeof inner === 'string'
          ? inner.replace('#/$defs/', '#/components/schemas/')
          : relocate(inner),
      ]),
  )
}
