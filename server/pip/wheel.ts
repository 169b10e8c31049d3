/**
 * PEP 427, 491, 376: a wheel, read for its metadata and checked to be what its name says. Nothing is unpacked to disk and
 * nothing in it is run.
 */
import { AirlockError } from '../errors.ts'
import { parseMetadata, readHeaders, type CoreMetadata } from './core-metadata.ts'
import { normalizeName, parseWheelName, type WheelName } from './names.ts'
import { sameVersion } from './versions.ts'
import { checkRecord } from './wheel-record.ts'
import { wheelFaults, type Refuse } from './zip-words.ts'
import { withZip, type Zip } from './zip.ts'

export type Wheel = CoreMetadata & {
  /** Of the file, in bytes. */
  readonly size: number
  /** METADATA, byte for byte: what is served beside the wheel. */
  readonly metadata: Buffer
  /** Normalised, and the file name's. */
  readonly name: string
  /** Normal form, and the file name's. */
  readonly version: string
}

const maxMetadata = 4 << 20
const maxWheelFile = 64 << 10
/** 30,000 members have some 5 MB. */
const maxRecord = 16 << 20

/**
 * Reads a wheel at `path` that is to be called `file`. Throws `artifact-invalid` with the reason for whatever two readers
 * might read differently, or that contradicts the file's own name.
 */
export async function readWheel(path: string, file: string, signal?: AbortSignal): Promise<Wheel> {
  const refuse: Refuse = (reason) => {
    throw new AirlockError('artifact-invalid', { file, reason })
  }
  const named = parseWheelName(file) ?? refuse(wheelFaults.fileName)
  return withZip(
    path,
    refuse,
    async (zip) => {
      const folder = distInfoOf(zip, named, refuse)
      const read = (name: string, maxBytes: number) => {
        const member = zip.members.get(`${folder}/${name}`)
        return member && !member.isFolder
          ? zip.read(member, maxBytes)
          : refuse(wheelFaults.missing(`${folder}/${name}`))
      }
      const metadata = await read('METADATA', maxMetadata)
      const wheel = await read('WHEEL', maxWheelFile)
      checkFormat(wheel, refuse)
      const contents = new Map([
        [`${folder}/METADATA`, metadata],
        [`${folder}/WHEEL`, wheel],
      ])
      checkRecord(await read('RECORD', maxRecord), folder, zip.members, contents, refuse)
      const { name, version } = named
      return { ...coreMetadata(metadata, named, refuse), size: zip.size, metadata, name, version }
    },
    signal,
  )
}

/** The one top-level folder of that kind, which must be the release's own. Old ones are spelled in many ways. */
function distInfoOf(zip: Zip, { name, version }: WheelName, refuse: Refuse): string {
  const tops = new Set([...zip.members.keys()].map((member) => member.split('/', 1)[0]!))
  const found = [...tops].filter((top) => /\.dist-info$/i.test(top))
  const [folder] = found
  if (folder === undefined || found.length > 1) return refuse(wheelFaults.distInfo(found.slice(0, 5)))
  const stem = folder.slice(0, -'.dist-info'.length)
  for (let at = stem.indexOf('-'); at !== -1; at = stem.indexOf('-', at + 1)) {
    const spelled = stem.slice(at + 1)
    const isVersion = sameVersion(spelled, version) || sameVersion(spelled.replaceAll('_', '-'), version)
    if (isVersion && normalizeName(stem.slice(0, at)) === name) return folder
  }
  return refuse(wheelFaults.distInfoName(folder))
}

function checkFormat(wheel: Buffer, refuse: Refuse): void {
  const found = readHeaders(wheel.toString('utf8')).get('wheel-version')?.[0] ?? '?'
  if (!/^1\.\d+$/.test(found)) refuse(wheelFaults.wheelVersion(found.slice(0, 40)))
}

function coreMetadata(metadata: Buffer, { name, version }: WheelName, refuse: Refuse): CoreMetadata {
  const read = parseMetadata(metadata)
  if (read.name === null || normalizeName(read.name) !== name) refuse(wheelFaults.metadataName(shown(read.name)))
  if (read.version === null || !sameVersion(read.version, version))
    refuse(wheelFaults.metadataVersion(shown(read.version)))
  return read
}

function shown(value: string | null): string {
  return JSON.stringify((value ?? '').slice(0, 100))
}
