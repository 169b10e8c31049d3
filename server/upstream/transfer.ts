/**
 * One artifact from upstream into `.incoming/`: resumed where that is safe, begun again where it is not, checked before
 * it gets its name.
 */
import type { Artifact } from '../../storage/records.ts'
import { AirlockError, type Code } from '../errors.ts'
import type { Answer, Body, UpstreamClient } from './client.ts'
import { UpstreamFault, invalidAnswer, statusError } from './faults.ts'
import { hasPart, openPart, type Part } from './part.ts'
import { notInRange } from './reasons.ts'
import { createTries, type Patience, type Wait } from './retry.ts'
import type { Reservation, Space } from './space.ts'
import { createTurns } from './turns.ts'

export type Transfer = (
  artifact: Artifact,
  options: {
    readonly signal: AbortSignal
    onLength(bytes: number): void
    /** All bytes are there, at `path` for now, and their digest is right; only a crash can still lose them. */
    onVerified(path: string): void
  },
) => Promise<void>

/** Room asked for at a time when upstream does not say how much will come. */
const stride = 16 << 20
/** A try that brought this much was worth it: patience begins anew. */
const progressWorth = 1 << 20
const maxBreaks = 50

/**
 * Resolves when the artifact lies whole and durable in `.incoming/`. Throws `digest-mismatch`, `size-mismatch` (each
 * after one fetch from zero more), `artifact-too-large`, `disk-full`, what the client throws, or the signal's reason;
 * other errors are the file system's. Whatever it throws, nothing has the final name.
 */
export function createTransfer(deps: {
  readonly client: Pick<UpstreamClient, 'open'>
  readonly root: string
  readonly maxFile: number
  readonly space: Space
  readonly patience: Patience
  readonly wait: Wait
  /** Told of bytes as they come. */
  readonly onBytes: (count: number) => void
}): Transfer {
  const { client, root, maxFile, space, wait, onBytes } = deps
  // one that was given up puts its things away before the next one of its digest begins
  const places = createTurns(1)

  return async (artifact, options) => {
    const { size, file, sha256 } = artifact
    if (size !== null && size > maxFile) throw tooLarge(file, maxFile)
    const over = await places.turn(sha256, options.signal)
    await transfer(artifact, options).finally(over)
  }

  async function transfer(
    artifact: Artifact,
    { signal, onLength, onVerified }: Parameters<Transfer>[1],
  ): Promise<void> {
    const { size, file, sha256, url } = artifact
    const reservation = space.reserve()
    let part: Part | null = null
    let first: Promise<Answer<Body>> | null = null
    try {
      // before anything is made on a disk that may be full
      await reservation.hold(size ?? 0)
      // with nothing to resume, upstream is asked while the file is made
      if (!hasPart(root, sha256)) first = ask(artifact, null, signal)
      // whoever takes it learns of its failure
      first?.catch(() => {})
      part = await openPart(root, sha256, url, signal)
      await bring(artifact, part, first, reservation, signal, () => onLength(part!.length))
      onVerified(part.path)
      await part.finish(file)
    } catch (error) {
      if (error instanceof AirlockError || signal.aborted) {
        // what is here is of no use to another try
        if (isMismatch(error) || isCode(error, 'artifact-too-large')) await part?.drop()
        else await part?.close().catch(() => {})
        signal.throwIfAborted()
        throw error
      }
      // after a failed write or fsync nobody knows what the file holds; and a full disk needs the room
      await part?.drop().catch(() => {})
      throw await space.explain(error, size ?? 0)
    } finally {
      // where it was not taken, nobody else will end it
      first?.then(({ body }) => body.destroy()).catch(() => {})
      reservation.release()
    }
  }

  function ask({ url }: Artifact, part: Part | null, signal: AbortSignal): Promise<Answer<Body>> {
    return client.open({
      url,
      ...(part?.etag != null && { range: `bytes=${part.length}-`, ifRange: part.etag }),
      maxBytes: maxFile + stride,
      signal,
      trust: 'linked',
    })
  }

  /** Until the part has the artifact's size and digest. `first`: upstream's answer to come, where it was asked already. */
  async function bring(
    artifact: Artifact,
    part: Part,
    first: Promise<Answer<Body>> | null,
    reservation: Reservation,
    signal: AbortSignal,
    report: () => void,
  ) {
    let mismatched = false
    let breaks = 0
    let tries = createTries(deps.patience)
    for (;;) {
      const before = part.length
      try {
        if (artifact.size === null || part.length !== artifact.size) {
          const asked = first
          first = null
          await receive(artifact, part, asked, reservation, signal, report)
        }
        await check(artifact, part)
        return
      } catch (error) {
        if (isMismatch(error)) {
          if (mismatched) throw error
          mismatched = true
          await part.restart(null)
          continue
        }
        if (!(error instanceof Broken)) throw error
        if (part.etag !== null && part.length - before >= progressWorth) tries = createTries(deps.patience)
        const ms = ++breaks > maxBreaks ? null : tries.next()
        if (ms === null) throw error.reason
        await wait(ms, signal)
      }
    }
  }

  /** One answer, taken to its end. */
  async function receive(
    artifact: Artifact,
    part: Part,
    asked: Promise<Answer<Body>> | null,
    reservation: Reservation,
    signal: AbortSignal,
    report: () => void,
  ) {
    const { size, file } = artifact
    const resumable = part.etag !== null && part.length > 0 && (size === null || part.length < size)
    if (!resumable && part.length > 0) await part.restart(null)
    const answer = await (asked ?? ask(artifact, resumable ? part : null, signal))
    const { body } = answer
    try {
      const expected = await begin(answer, artifact, part, resumable)
      const known = size ?? expected
      await reservation.hold(known === null ? stride : Math.max(0, known - part.length))
      report()
      let room = stride
      for await (const chunk of body) {
        if (known === null && (room -= chunk.length) < 0) await reservation.hold((room = stride))
        await part.take(chunk)
        onBytes(chunk.length)
        reservation.spend(chunk.length)
        report()
        if (size !== null && part.length > size) throw sizeMismatch(file, part.length, size)
        if (part.length > maxFile) throw tooLarge(file, maxFile)
      }
    } catch (error) {
      throw error instanceof UpstreamFault ? new Broken(error) : error
    } finally {
      body.destroy()
    }
  }

  /** Judges an answer's head; the file's whole length as far as upstream states it. */
  async function begin({ status, url, headers }: Answer<Body>, artifact: Artifact, part: Part, resumable: boolean) {
    const { size, file } = artifact
    if (status === 206 && resumable) {
      const [, start, total] = /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15})$/.exec(headers['content-range'] ?? '') ?? []
      const sameEtag = headers['etag'] === undefined || headers['etag'] === part.etag
      if (sameEtag && Number(start) === part.length && (size === null || Number(total) === size)) return Number(total)
    }
    if (status === 206 || status === 416) {
      // what it offers does not go with what is here
      await part.restart(null)
      throw new Broken(invalidAnswer(new URL(url), notInRange))
    }
    if (status !== 200) throw statusError(new URL(url), status)
    const stated = headers['content-length'] === undefined ? null : Number(headers['content-length'])
    if (stated !== null && size !== null && stated !== size) throw sizeMismatch(file, stated, size)
    if (stated !== null && stated > maxFile) throw tooLarge(file, maxFile)
    await part.restart(headers['etag'] ?? null)
    return stated
  }
}

/** A body that broke off and may be asked for again. */
class Broken extends Error {
  readonly reason: AirlockError

  constructor(reason: AirlockError) {
    super(reason.message)
    this.reason = reason
  }
}

async function check({ file, size, sha256 }: Artifact, part: Part): Promise<void> {
  const found = await part.digest()
  if (size !== null && part.length !== size) throw sizeMismatch(file, part.length, size)
  if (found !== sha256) throw new AirlockError('digest-mismatch', { file, found, expected: sha256 })
}

function isMismatch(error: unknown): boolean {
  return isCode(error, 'digest-mismatch') || isCode(error, 'size-mismatch')
}

function isCode(error: unknown, code: Code): boolean {
  return error instanceof AirlockError && error.code === code
}

function sizeMismatch(file: string, found: number, expected: number): AirlockError {
  return new AirlockError('size-mismatch', { file, found, expected })
}

function tooLarge(file: string, limit: number): AirlockError {
  return new AirlockError('artifact-too-large', { file, limit })
}
