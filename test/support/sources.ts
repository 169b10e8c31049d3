/** Source distributions whose build backend lies within them, so that building one needs nothing from an index. */
import { makeSdist, type MadeFile } from './wheels.ts'

export type SourceOptions = {
  readonly name: string
  readonly version: string
  /** Requires-Dist of the wheel that is built. */
  readonly requires?: readonly string[]
  /** What PKG-INFO says of that; absent: the same. */
  readonly said?: readonly string[]
  /** Of the wheel that is built. */
  readonly tag?: string
  /** `build-system.requires` */
  readonly buildRequires?: readonly string[]
  /** What the backend asks for beside. */
  readonly asks?: readonly string[]
  /** Python that runs before the wheel is made, in `build_wheel`. */
  readonly before?: string
  /** What the wheel is called and says it is. */
  readonly as?: { readonly name?: string; readonly version?: string }
}

export function makeSource(options: SourceOptions): MadeFile {
  const { name, version, requires = [], said = requires, buildRequires = [] } = options
  const pyproject = [
    '[build-system]',
    `requires = ${JSON.stringify(buildRequires)}`,
    'build-backend = "backend"',
    'backend-path = ["."]',
    '',
  ].join('\n')
  const files = { 'pyproject.toml': pyproject, 'backend.py': backend(options) }
  return makeSdist({ name, version, requires: said, files })
}

function backend({
  name,
  version,
  requires = [],
  tag = 'py3-none-any',
  asks = [],
  before = '',
  as = {},
}: SourceOptions) {
  const [named, numbered] = [as.name ?? name, as.version ?? version]
  const escaped = named.replaceAll(/[-_.]+/g, '_')
  const metadata = [
    'Metadata-Version: 2.1',
    `Name: ${named}`,
    `Version: ${numbered}`,
    ...requires.map((line) => `Requires-Dist: ${line}`),
    '',
    '',
  ].join('\n')
  const info = `${escaped}-${numbered}.dist-info`
  const contents = {
    [`${escaped}/__init__.py`]: `version = ${JSON.stringify(version)}\n`,
    [`${info}/METADATA`]: metadata,
    [`${info}/WHEEL`]: `Wheel-Version: 1.0\nGenerator: airlock-test\nRoot-Is-Purelib: true\nTag: ${tag}\n`,
  }
  return `
import base64, hashlib, os, sys, zipfile

CONTENTS = ${JSON.stringify(contents)}
INFO = ${JSON.stringify(info)}
FILE = ${JSON.stringify(`${escaped}-${numbered}-${tag}.whl`)}

def get_requires_for_build_wheel(settings=None):
    return ${JSON.stringify(asks)}

def build_wheel(folder, settings=None, metadata=None):
${before
  .split('\n')
  .map((line) => `    ${line}`)
  .join('\n')}
    record = ""
    with zipfile.ZipFile(os.path.join(folder, FILE), "w") as wheel:
        for name, text in CONTENTS.items():
            content = text.encode()
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            record += "%s,sha256=%s,%d\\n" % (name, digest, len(content))
            wheel.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), content)
        wheel.writestr(zipfile.ZipInfo(INFO + "/RECORD", (2020, 1, 1, 0, 0, 0)), record + INFO + "/RECORD,,\\n")
    return FILE
`
}
