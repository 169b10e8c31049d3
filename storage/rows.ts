/** Rows of the database to records and back: the only place that knows which columns are JSON. */
import type { Insertable, Selectable } from 'kysely'
import type { Tables } from './database.ts'
import type { Artifact, Event, Job, Request, State } from './records.ts'

export function toJob(row: Selectable<Tables['jobs']>): Job {
  return {
    id: row.id,
    ecosystem: row.ecosystem,
    target: row.target,
    roots: JSON.parse(row.roots),
    options: JSON.parse(row.options),
    confirmed: row.confirmed === 1,
    refresh: row.refresh === 1,
    state: row.state as State,
    createdAt: row.created_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    problem: row.problem === null ? null : JSON.parse(row.problem),
    proved: row.proved === null ? null : JSON.parse(row.proved),
    remarks: JSON.parse(row.remarks),
  }
}

export function toRequest(row: Selectable<Tables['requests']>, job: Job): Request {
  return {
    id: row.id,
    batch: row.batch,
    ecosystem: row.ecosystem,
    target: row.target,
    asked: JSON.parse(row.asked),
    requester: row.requester,
    note: row.note,
    reqId: row.req_id,
    createdAt: row.created_at,
    job,
  }
}

export function toEvent(row: Selectable<Tables['events']>): Event {
  return { id: row.id, job: row.job_id, at: row.at, state: row.state as State }
}

export function toArtifact(row: Selectable<Tables['artifacts']>): Artifact {
  return {
    ecosystem: row.ecosystem,
    name: row.name,
    version: row.version,
    file: row.file,
    sha256: row.sha256,
    size: row.size,
    origin: row.origin,
    url: row.url,
    uploadedAt: row.uploaded_at,
    facts: JSON.parse(row.facts),
  }
}

export function fromArtifact(artifact: Artifact): Insertable<Tables['artifacts']> {
  return {
    ecosystem: artifact.ecosystem,
    name: artifact.name,
    version: artifact.version,
    file: artifact.file,
    sha256: artifact.sha256,
    size: artifact.size,
    origin: artifact.origin,
    url: artifact.url,
    uploaded_at: artifact.uploadedAt,
    facts: JSON.stringify(artifact.facts),
  }
}
