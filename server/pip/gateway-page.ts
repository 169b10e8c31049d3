/** A project's page as the solver sees it: upstream's files, and stand-ins for wheels that would have to be built. */
import { parseWheelName } from './names.ts'
import type { Project } from './projects.ts'
import type { ProjectFile } from './simple-read.ts'
import type { StandIn } from './sources.ts'

export function renderUpstream(
  project: Project,
  files: readonly ProjectFile[],
  standIns: readonly StandIn[],
  offersMetadata: (file: ProjectFile) => boolean,
): Buffer {
  const listed = files.map((file) => ({
    filename: file.file,
    url: `/pip/files/${project.name}/${file.sha256}/${encodeURIComponent(file.file)}`,
    hashes: { sha256: file.sha256 },
    ...said(file),
    ...(file.size !== null && { size: file.size }),
    'core-metadata': offersMetadata(file),
  }))
  const offered = standIns.map(({ file, sdist, build }) => ({
    filename: file,
    url: `/pip/sources/${project.name}/${encodeURIComponent(file)}`,
    hashes: { sha256: build?.made?.sha256 ?? sdist.sha256 },
    ...said(sdist),
    'core-metadata': true,
  }))
  const page = { meta: { 'api-version': '1.1' }, name: project.name, files: [...listed, ...offered] }
  return Buffer.from(JSON.stringify(page))
}

function said({ requiresPython, uploadedAt, yanked }: ProjectFile) {
  return {
    ...(requiresPython !== null && { 'requires-python': requiresPython }),
    ...(uploadedAt !== null && { 'upload-time': uploadedAt }),
    yanked,
  }
}

/** Whether any file of a project is a wheel: with none, only a build could make it installable. */
export function hasWheel(project: Project): boolean {
  return project.page.files.some((file) => file.sha256 !== null && parseWheelName(file.file) !== null)
}
