/** What file names say, laid out for a matrix of versions and kinds. Pure; what cannot be read stands under `any`. */

export type Shape = {
  /** `cp311`, `py3`, `source`, `amd64`: the matrix's column. */
  readonly column: string
  /** `manylinux_2_17 x86_64`, `any`; of a .deb nothing, since its column says it. */
  readonly platform: string
}

const wheel = /^[^-]+-[^-]+(?:-\d[^-]*)?-(?<python>[^-]+)-(?<abi>[^-]+)-(?<platform>[^-]+)\.whl$/
const debian = /_(?<architecture>[a-z0-9-]+)\.deb$/

export function shapeOf(file: string): Shape {
  const { python, abi, platform } = wheel.exec(file)?.groups ?? {}
  if (python !== undefined && platform !== undefined) {
    const column = abi === 'abi3' ? `${python}+` : python.split('.').at(-1)!
    return { column, platform: platformOf(platform) }
  }
  const { architecture } = debian.exec(file)?.groups ?? {}
  return architecture === undefined ? { column: 'source', platform: 'any' } : { column: architecture, platform: '' }
}

/** Of several names for one thing, the newest kind: `manylinux_2_17_x86_64.manylinux2014_x86_64`. */
function platformOf(tag: string): string {
  const names = tag.split('.')
  const best = names.find((name) => /^(?:many|musl)linux_\d/.test(name)) ?? names[0]!
  return best.replace(/_(x86_64|aarch64|i686|armv7l|ppc64le|s390x|riscv64|arm64|universal2|amd64)$/, ' $1')
}

/** Pythons by their number, generic ones first, source last. */
export function byColumn(a: string, b: string): number {
  const rank = (column: string) =>
    column === 'source'
      ? 1e6
      : (column.startsWith('py') ? 0 : 1000) + Number(/\d+/.exec(column.replace(/^(cp|pp|py)3/, ''))?.[0] ?? 0)
  return rank(a) - rank(b) || (a < b ? -1 : Number(a > b))
}
