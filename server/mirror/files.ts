/** Files of the tree over HTTP: validators, ranges, and what a client may do with the bytes. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerText, guards, immutable, revalidated, type Headers } from './answers.ts'
import { httpDate, isUnchanged, spanOf, type Validators } from './conditional.ts'
import type { Door, Version } from './door.ts'
import type { FilePlace } from './place.ts'
import { sendSpan } from './send.ts'

const text = 'text/plain; charset=utf-8'
const bytes = 'application/octet-stream'

/** By the last extension; what has none is an apt index, which is text, unless its name is a digest. */
const types: Readonly<Record<string, string>> = {
  deb: 'application/vnd.debian.binary-package',
  gz: 'application/gzip',
  zst: 'application/zstd',
  html: 'text/html; charset=utf-8',
  json: 'application/vnd.pypi.simple.v1+json',
  asc: text,
  conf: text,
  list: text,
  metadata: text,
  sh: text,
  sources: text,
  toml: text,
  txt: text,
}

export function createFiles(door: Door) {
  /** Answers with a file or with a part of it; false when there is none. */
  return async function serveFile(req: IncomingMessage, res: ServerResponse, place: FilePlace): Promise<boolean> {
    const opened = await door.open(place.path)
    if (opened === null) return false
    const { handle, version } = opened
    try {
      const validators = { etag: tagOf(place, version), mtimeMs: version.mtimeMs }
      const current = currentHeaders(place, validators)
      if (isUnchanged(req.headers, validators)) {
        res.writeHead(304, current).end()
        return true
      }
      // RFC 9110, 14.2: a range is of a GET only
      const part = req.method === 'GET' ? spanOf(req.headers, version.size, validators) : null
      if (part === 'unsatisfiable') {
        answerText(res, 416, `The file has ${version.size} bytes.`, {
          headers: ['Content-Range', `bytes */${version.size}`],
        })
        return true
      }
      const span = part ?? { start: 0, end: version.size }
      const range: Headers =
        part === null ? [] : ['Content-Range', `bytes ${span.start}-${span.end - 1}/${version.size}`]
      const disposition: Headers = place.attachment ? ['Content-Disposition', 'attachment'] : []
      const own = ['Content-Type', typeOf(place), 'Accept-Ranges', 'bytes', ...range, ...disposition]
      const length = ['Content-Length', String(span.end - span.start)]
      res.writeHead(part === null ? 200 : 206, [...own, ...current, ...guards, ...length])
      if (req.method === 'HEAD') res.end()
      else await sendSpan(res, handle, span)
      return true
    } finally {
      await handle.close()
    }
  }
}

/** A digest is the same on every replica and after every copy; of other files the disk tells versions apart. */
function tagOf({ digest }: FilePlace, { ino, size, ctimeMs }: Version): string {
  return `"${digest ?? `${ino.toString(36)}-${size.toString(36)}-${ctimeMs.toString(36)}`}"`
}

/** Of a 304, and of every answer with bytes. */
function currentHeaders({ digest }: FilePlace, { etag, mtimeMs }: Validators): string[] {
  return ['ETag', etag, 'Last-Modified', httpDate(mtimeMs), ...(digest === null ? revalidated : immutable)]
}

function typeOf({ path, digest }: FilePlace): string {
  const file = path.slice(path.lastIndexOf('/') + 1)
  const dot = file.lastIndexOf('.')
  if (dot < 0) return digest === null && path.startsWith('apt/') ? text : bytes
  const extension = file.slice(dot + 1)
  return Object.hasOwn(types, extension) ? types[extension]! : bytes
}
