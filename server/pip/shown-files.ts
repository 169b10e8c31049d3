/**
 * Which of a project's files a solve is shown: of a release with wheels that its target accepts these alone, without its
 * source, which a solver that may not build has no use for. A large page has hundreds of files a release, for every Python
 * and machine there is, and reading them is most of a solver's work. A release with none is shown whole, since its files are
 * what the solver explains itself with.
 */
import type { ProjectFile } from './simple-read.ts'
import { hasAcceptedTag } from './tags.ts'

/** In the page's order. Invariant: nothing without a SHA-256, since nothing without one can be fetched. */
export function shownFiles(files: readonly ProjectFile[], tags: readonly string[]): ProjectFile[] {
  const accepted = new Map<string, boolean>()
  const isAccepted = (file: string) => {
    const ending = file.slice(endingAt(file))
    let answer = accepted.get(ending)
    if (answer === undefined) accepted.set(ending, (answer = hasAcceptedTag(ending, tags)))
    return answer
  }
  const wheels = files.filter(({ file, sha256 }) => sha256 !== null && isWheel(file))
  const fitting = new Set(wheels.filter(({ file }) => isAccepted(file)))
  const served = new Set([...fitting].map(({ file }) => releaseOf(file)))
  const isShown = (file: ProjectFile) =>
    file.sha256 !== null && (fitting.has(file) || !served.has(releaseOf(file.file)))
  return files.filter(isShown)
}

const sourceEndings = ['.tar.gz', '.zip', '.tgz', '.tar.bz2']

function isWheel(file: string): boolean {
  return file.endsWith('.whl')
}

/** A version as a file's name spells it: one release's files are spelled alike, and where not, more is shown. */
function releaseOf(file: string): string {
  if (!isWheel(file)) {
    const ending = sourceEndings.find((one) => file.endsWith(one)) ?? ''
    return file.slice(file.lastIndexOf('-') + 1, file.length - ending.length)
  }
  const from = file.indexOf('-') + 1
  return file.slice(from, file.indexOf('-', from))
}

/** Where a wheel's three tags begin: `-cp311-cp311-linux_x86_64.whl`. */
function endingAt(file: string): number {
  let at = file.length
  for (let count = 0; count < 3 && at > 0; count++) at = file.lastIndexOf('-', at - 1)
  return Math.max(at, 0)
}
