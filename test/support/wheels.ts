/** Wheels and sdists, made when a test needs them: nothing binary is kept, nothing is fetched. */
import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { writeZip, type ZipEnd, type ZipMember } from './zips.ts'

export type MadeFile = { readonly file: string; readonly bytes: Buffer; readonly sha256: string }
export type MadeWheel = MadeFile & { readonly name: string; readonly version: string; readonly metadata: Buffer }

export type WheelOptions = {
  readonly name: string
  readonly version: string
  readonly tag?: string
  readonly build?: string
  /** Requires-Dist lines. */
  readonly requires?: readonly string[]
  readonly requiresPython?: string
  readonly extras?: readonly string[]
  readonly summary?: string
  /** Beside a module of the project's name. */
  readonly files?: Readonly<Record<string, string | Buffer>>
  readonly method?: 'stored' | 'deflated'
  /** METADATA, whole, in the place of what the other options say. */
  readonly metadata?: string | Buffer
  /** WHEEL and RECORD, whole; null: left out. */
  readonly wheel?: string | null
  readonly record?: string | null
  /** The .dist-info folder's name. */
  readonly distInfo?: string
  /** Changes the members before they are written: what a hostile wheel does. */
  readonly members?: (members: readonly ZipMember[]) => readonly ZipMember[]
  readonly zip?: ZipEnd
}

export function makeWheel(options: WheelOptions): MadeWheel {
  const { name, version, tag = 'py3-none-any', build, files = {}, method = 'deflated' } = options
  const escaped = name.replaceAll(/[-_.]+/g, '_')
  const folder = options.distInfo ?? `${escaped}-${version}.dist-info`
  const metadata = Buffer.from((options.metadata ?? metadataOf(options)) as string)
  const wheel = options.wheel === undefined ? wheelOf(tag) : options.wheel
  const contents: Record<string, string | Buffer> = {
    [`${escaped}/__init__.py`]: `version = ${JSON.stringify(version)}\n`,
    ...files,
    [`${folder}/METADATA`]: metadata,
    ...(wheel !== null && { [`${folder}/WHEEL`]: wheel }),
  }
  const record = options.record === undefined ? recordOf(contents, folder) : options.record
  if (record !== null) contents[`${folder}/RECORD`] = record
  const members = Object.entries(contents).map(([path, content]): ZipMember => ({ name: path, content, method }))
  const file = [escaped, version, ...(build === undefined ? [] : [build]), tag].join('-') + '.whl'
  const bytes = writeZip(options.members?.(members) ?? members, options.zip)
  return { ...made(file, bytes), name, version, metadata }
}

/** A source distribution of PEP 625's form, which builds with setuptools if anybody tries. */
export function makeSdist({
  name,
  version,
  requires = [],
  files = {},
}: Pick<WheelOptions, 'name' | 'version' | 'requires' | 'files'>): MadeFile {
  const escaped = name.replaceAll(/[-_.]+/g, '_').toLowerCase()
  const folder = `${escaped}-${version}`
  const contents = {
    'PKG-INFO': metadataOf({ name, version, requires }),
    'pyproject.toml': `[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n[project]\nname = ${JSON.stringify(name)}\nversion = ${JSON.stringify(version)}\n`,
    [`${escaped}.py`]: '',
    ...files,
  }
  const members = Object.entries(contents).map(([path, content]) =>
    tarMember(`${folder}/${path}`, Buffer.from(content)),
  )
  return made(`${folder}.tar.gz`, gzipSync(Buffer.concat([...members, Buffer.alloc(1024)])))
}

/** RECORD as it should be. */
export function recordOf(contents: Readonly<Record<string, string | Buffer>>, folder: string): string {
  const lines = Object.entries(contents).map(([path, content]) => {
    const digest = createHash('sha256').update(content).digest('base64url')
    return `${/[",]/.test(path) ? `"${path.replaceAll('"', '""')}"` : path},sha256=${digest},${Buffer.byteLength(content)}\n`
  })
  return `${lines.join('')}${folder}/RECORD,,\n`
}

function metadataOf({ name, version, requires = [], requiresPython, extras = [], summary }: WheelOptions): string {
  return [
    'Metadata-Version: 2.1',
    `Name: ${name}`,
    `Version: ${version}`,
    ...(summary === undefined ? [] : [`Summary: ${summary}`]),
    ...(requiresPython === undefined ? [] : [`Requires-Python: ${requiresPython}`]),
    ...extras.map((extra) => `Provides-Extra: ${extra}`),
    ...requires.map((line) => `Requires-Dist: ${line}`),
    '',
    'Made for a test.\n',
  ].join('\n')
}

function wheelOf(tag: string): string {
  const [python = '', abi = '', platform = ''] = tag.split('-')
  const tags = python.split('.').flatMap((one) => platform.split('.').map((other) => `Tag: ${one}-${abi}-${other}\n`))
  return `Wheel-Version: 1.0\nGenerator: airlock-test\nRoot-Is-Purelib: true\n${tags.join('')}`
}

/** POSIX ustar. */
function tarMember(path: string, content: Buffer): Buffer {
  const header = Buffer.alloc(512)
  const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, '0')}\0`
  header.write(path, 0)
  header.write(octal(0o644, 8) + octal(0, 8) + octal(0, 8) + octal(content.length, 12) + octal(1_700_000_000, 12), 100)
  header.write('        0', 148)
  header.write('ustar\x0000', 257)
  header.write(
    octal(
      header.reduce((sum, byte) => sum + byte, 0),
      7,
    ),
    148,
  )
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)])
}

function made(file: string, bytes: Buffer): MadeFile {
  return { file, bytes, sha256: createHash('sha256').update(bytes).digest('hex') }
}
