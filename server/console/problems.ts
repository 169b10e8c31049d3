/** Turns an error into an RFC 9457 problem, for answers and for what failed jobs keep alike. The only place where a code has a status. */
import { z } from 'zod'
import type { ProblemView } from '../contract.ts'
import { AirlockError, explain, isCode, problemOf, type Code, type Language, type Phrase } from '../errors.ts'
import type { Problem } from '../../storage/records.ts'

type Row = { readonly status: number; readonly title: Readonly<Record<Language, string>> }

const invalid: Row = { status: 400, title: { en: 'Not a valid request', zh: '请求无效' } }
const refused: Row = { status: 403, title: { en: 'Refused', zh: '已拒绝' } }
const unknown: Row = { status: 404, title: { en: 'Not found', zh: '不存在' } }
const conflict: Row = { status: 409, title: { en: 'Not now', zh: '当前状态不允许' } }
const unfit: Row = { status: 422, title: { en: 'Cannot be installed', zh: '无法安装' } }
const upstream: Row = { status: 502, title: { en: 'Upstream failed', zh: '上游源故障' } }
const broken: Row = { status: 500, title: { en: 'Airlock failed', zh: 'Airlock 故障' } }

const undecodable: Phrase = {
  en: 'the address has an escape that is no UTF-8',
  zh: '地址中含有不是 UTF-8 的转义',
}

/** Codes that are not here are about a job or this machine: `broken`. */
const rows: Partial<Record<Code, Row>> = {
  'request-invalid': invalid,
  'requirement-invalid': invalid,
  'requirement-refused': invalid,
  'ecosystem-unknown': unknown,
  'target-unknown': unknown,
  'request-unknown': unknown,
  'route-unknown': unknown,
  'package-not-mirrored': unknown,
  'apt-root-unknown': unknown,
  'withdrawal-unsupported': invalid,
  'pod-description-invalid': invalid,
  'pod-python-unknown': invalid,
  'pod-source-refused': invalid,
  'pod-empty': invalid,
  'lock-invalid': invalid,
  'locks-not-taken': invalid,
  'lock-address-unknown': invalid,
  'mirror-unnamed': invalid,
  'target-not-added': unknown,
  'notice-hook-unknown': unknown,
  'notice-failed': { status: 502, title: { en: 'Not taken', zh: '未被接收' } },
  'target-taken': conflict,
  'targets-full': conflict,
  'target-in-use': conflict,
  'request-finished': conflict,
  'request-unfinished': conflict,
  'host-refused': { ...refused, status: 421 },
  'origin-refused': refused,
  'media-type-unsupported': { ...invalid, status: 415 },
  'headers-too-large': { ...invalid, status: 431 },
  'body-too-large': { ...invalid, status: 413 },
  'queue-full': { status: 503, title: { en: 'Too busy', zh: '过于繁忙' } },
  'package-not-found': unfit,
  'pip-release-missing': unfit,
  'apt-package-virtual': unfit,
  'apt-version-missing': unfit,
  'apt-architecture-unknown': unfit,
  'apt-conflict': unfit,
  'pip-release-unusable': unfit,
  unsatisfiable: unfit,
  'sdist-needs-build': unfit,
  'build-failed': unfit,
  'build-needs-target': unfit,
  'builds-too-many': unfit,
  'build-unknown': unknown,
  'wheel-not-accepted': unfit,
  'digest-missing': unfit,
  'hash-unmatched': unfit,
  'lock-file-gone': unfit,
  'closure-too-large': unfit,
  'digest-changed': unfit,
  'artifact-invalid': unfit,
  'artifact-too-large': unfit,
  'proof-failed': unfit,
  'upstream-missing': upstream,
  'apt-update-failed': upstream,
  'upstream-unreachable': upstream,
  'upstream-status': upstream,
  'upstream-host-refused': upstream,
  'upstream-answer-invalid': upstream,
  'digest-mismatch': upstream,
  'size-mismatch': upstream,
  'backup-unwritable': { status: 507, title: { en: 'No backup', zh: '未能备份' } },
  'disk-full': { status: 507, title: { en: 'Disk full', zh: '磁盘已满' } },
  cancelled: { ...conflict, title: { en: 'Cancelled', zh: '已取消' } },
}

/** A kept problem in the reader's language. */
export function viewProblem(problem: Problem, language: Language): ProblemView {
  const code = isCode(problem.code) ? problem.code : 'internal'
  const { status, title } = rows[code] ?? broken
  const { message, hint } = explain(code, problem.fields, language)
  return {
    type: `urn:airlock:problem:${code}`,
    title: title[language],
    status,
    detail: message,
    code,
    hint,
    fields: problem.fields,
  }
}

/** Any error; an unexpected one leaks nothing of itself. */
export function toProblem(error: unknown, language: Language): ProblemView {
  return viewProblem(problemOf(deliberate(error)), language)
}

/** What Express, its body parser and zod raise, as errors of ours. */
function deliberate(error: unknown): unknown {
  if (error instanceof z.ZodError) return new AirlockError('request-invalid', { reason: z.prettifyError(error) })
  if (error instanceof URIError && 'status' in error && error.status === 400)
    return new AirlockError('request-invalid', { reason: undecodable })
  if (!(error instanceof Error) || !('type' in error)) return error
  if (error.type === 'entity.too.large')
    return new AirlockError('body-too-large', { limit: 'limit' in error ? Number(error.limit) : 0 })
  if (error.type === 'entity.parse.failed')
    return new AirlockError('request-invalid', { reason: 'the body is not JSON' })
  if (typeof error.type === 'string' && /^(encoding|charset|request|entity)\./.test(error.type))
    return new AirlockError('request-invalid', { reason: error.message })
  return error
}
