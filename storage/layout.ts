/**
 * The drawing of the disk, and every path function. Nothing else in Airlock joins a path below its two folders.
 *
 *   AIRLOCK_ROOT                                        what HomePods read; URL space = this space
 *     index.html                                        what this is, for a person
 *     <ecosystem>/pool/<sha256[0:2]>/<sha256>/<file>    each artifact once, where its digest puts it
 *     pip/<index>/{index.html,index.json}               the index's projects
 *     pip/<index>/<project>/{index.html,index.json}     a project's files
 *     pip/requests/<id>/{requirements.txt,pylock.toml}  exactly what was solved for a request
 *     apt/<target>/{InRelease,Release,…}                a target's signed flat repository
 *     homepod/{setup.sh,targets,apt-hook,airlock.asc}   what a pod needs to become a client
 *     .incoming/<sha256>/<file>                         fetched, whole, unproved (0700; never served)
 *     .incoming/<sha256>/.part, .part.json              a download under way, and what resumes it
 *     .incoming/.write-<n>                              an index on its way to its rename
 *     .incoming/.gone-<n>                               what nobody wanted, on its way out
 *   AIRLOCK_STATE                                       what no pod may read
 *     airlock.db, lock.db                               the state, and who owns it
 *     keys/                                             the key that apt repositories are signed with
 *     cache/{gateway,uv,apt}/                           upstream's pages; the solvers' own: all of it can be fetched again
 *     work/                                             a solve's or a stage's folder
 *     backup/                                           the last backup until it is taken away; what a restore replaced
 *
 * Tree paths are relative to AIRLOCK_ROOT, with `/`, unescaped: `pip/pool/ab/ab…/x.whl`.
 */
import { join } from 'node:path'

/** A path relative to AIRLOCK_ROOT, `/`-separated, unescaped, without a leading slash. */
export type TreePath = string

/** PEP 503 and house rule: names of indexes and targets, which are path segments of the tree. */
export const segmentPattern = /^(?!(?:pool|requests)$)[a-z0-9][a-z0-9-]{0,31}$/

/** Artifact file names: one path segment, no escapes needed but `+`, `!` and `~`, at most 200 bytes. */
export const artifactFilePattern = /^[A-Za-z0-9][A-Za-z0-9._+!~-]{0,199}$/

/** A lowercase hex SHA-256. */
export const sha256Pattern = /^[0-9a-f]{64}$/

export const incomingFolder = '.incoming'

/** Where an artifact is served. Throws RangeError on a name or digest that could leave its folder. */
export function poolPath(ecosystem: string, sha256: string, file: string): TreePath {
  return `${ecosystem}/pool/${checkedSha256(sha256).slice(0, 2)}/${sha256}/${checkedFile(file)}`
}

/** Where an artifact lies between its download and its publication. Throws RangeError like {@link poolPath}. */
export function incomingPath(sha256: string, file: string): TreePath {
  return `${incomingFolder}/${checkedSha256(sha256)}/${checkedFile(file)}`
}

/** The folder of one digest's download. */
export function incomingDigestFolder(sha256: string): TreePath {
  return `${incomingFolder}/${checkedSha256(sha256)}`
}

/** An index's folder, e.g. `pip/simple`: an ecosystem's name and an index's or a target's. */
export function indexFolder(ecosystem: string, index: string): TreePath {
  if (!segmentPattern.test(index)) throw new RangeError(`not an index name: ${JSON.stringify(index)}`)
  return `${ecosystem}/${index}`
}

/** What was solved for one request, for clients that want exactly that. */
export function requestFolder(ecosystem: string, request: number): TreePath {
  if (!Number.isSafeInteger(request) || request < 1) throw new RangeError(`not a request: ${request}`)
  return `${ecosystem}/requests/${request}`
}

/** A file that a pod's set-up reads. */
export function homepodPath(name: 'setup.sh' | 'targets' | 'apt-hook' | 'airlock.asc'): TreePath {
  return `homepod/${name}`
}

/** The public key that apt repositories are signed with, for pods to copy. */
export const aptKeyPath: TreePath = homepodPath('airlock.asc')

/** An absolute path for a tree path. */
export function inTree(root: string, path: TreePath): string {
  return join(root, path)
}

/** The files and folders of AIRLOCK_STATE, absolute. */
export function statePaths(state: string) {
  return {
    database: join(state, 'airlock.db'),
    lock: join(state, 'lock.db'),
    aptKey: join(state, 'keys', 'apt.asc'),
    gatewayCache: join(state, 'cache', 'gateway'),
    uvCache: join(state, 'cache', 'uv'),
    aptCache: join(state, 'cache', 'apt'),
    work: join(state, 'work'),
    keys: join(state, 'keys'),
    backup: join(state, 'backup'),
    config: join(state, 'airlock.yaml'),
  } as const
}

/** A tree path as a URL path: each segment percent-encoded, `+` too, since some servers read it as a space. */
export function urlPath(path: TreePath): string {
  return path.split('/').map(encodeURIComponent).join('/')
}

function checkedSha256(sha256: string): string {
  if (!sha256Pattern.test(sha256)) throw new RangeError(`not a SHA-256: ${JSON.stringify(sha256)}`)
  return sha256
}

function checkedFile(file: string): string {
  if (!artifactFilePattern.test(file)) throw new RangeError(`not an artifact's file name: ${JSON.stringify(file)}`)
  return file
}
