/** PEP 376, 427: RECORD lists every file of a wheel. What it leaves out, adds or states otherwise is a sign of tampering. */
import { createHash } from 'node:crypto'
import type { Member } from './zip-names.ts'
import { wheelFaults, type Refuse } from './zip-words.ts'

type Row = { readonly hash: string; readonly size: string }

/** Signatures of RECORD cannot be in it. */
const exempt = ['RECORD', 'RECORD.jws', 'RECORD.p7s']
/** Of a line: a name of 1024 characters may be all quotes, each twice. */
const maxLine = 4096
/** PEP 376 wants SHA-256 or better; weaker ones say nothing, so they are not looked at. */
const algorithms = new Set(['sha256', 'sha384', 'sha512'])

/**
 * Exactly the members, each with its size where one is given; `contents` are those at hand, whose hashes are compared too.
 * Throws through `refuse`.
 */
export function checkRecord(
  record: Buffer,
  folder: string,
  members: ReadonlyMap<string, Member>,
  contents: ReadonlyMap<string, Buffer>,
  refuse: Refuse,
): void {
  const rows = readRecord(record.toString('utf8'), members.size, refuse)
  const unlisted = new Set(exempt.map((name) => `${folder}/${name}`))
  for (const [name, row] of rows) {
    const member = members.get(name)
    if (!member) {
      if (!unlisted.has(name)) refuse(wheelFaults.absent(name))
      continue
    }
    if (unlisted.has(name)) continue
    if (row.size !== '' && Number(row.size) !== member.size) refuse(wheelFaults.recordedSize(name))
    const content = contents.get(name)
    if (content && !matches(row.hash, content)) refuse(wheelFaults.recordedHash(name))
  }
  for (const { name, isFolder } of members.values())
    if (!isFolder && !rows.has(name) && !unlisted.has(name)) refuse(wheelFaults.unrecorded(name))
}

function matches(hash: string, content: Buffer): boolean {
  const [algorithm = '', digest] = hash.split('=', 2)
  if (!algorithms.has(algorithm) || digest === undefined) return true
  return createHash(algorithm).update(content).digest('base64url') === digest.replace(/=+$/, '')
}

/** CSV: path, hash, size. A line given twice is fine when it says the same; one for each member and again is all there can be. */
function readRecord(text: string, members: number, refuse: Refuse): ReadonlyMap<string, Row> {
  const rows = new Map<string, Row>()
  let line = 0
  for (let at = 0, end = 0; at < text.length; at = end + 1) {
    end = text.indexOf('\n', at)
    if (end === -1) end = text.length
    line++
    const raw = text.slice(at, text[end - 1] === '\r' ? end - 1 : end)
    if (raw === '') continue
    const [name, hash = '', size = '', ...rest] =
      (raw.length <= maxLine ? readCsv(raw) : null) ?? refuse(wheelFaults.record(line))
    if (name === undefined || name === '' || rest.length > 0 || !/^\d{0,15}$/.test(size) || line > 2 * members + 100)
      refuse(wheelFaults.record(line))
    const before = rows.get(name)
    if (before && (before.hash !== hash || before.size !== size)) refuse(wheelFaults.recordedTwice(name))
    rows.set(name, { hash, size })
  }
  return rows
}

/** RFC 4180, one line; null: quotes that do not match. */
function readCsv(line: string): string[] | null {
  if (!line.includes('"')) return line.split(',')
  const fields: string[] = []
  const field = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y
  while (field.lastIndex <= line.length) {
    const match = field.exec(line)
    if (!match) return null
    fields.push(match[1] === undefined ? match[2]! : match[1].replaceAll('""', '"'))
    if (match[3] === '') return fields
  }
  return null
}
