/** What is typed in a pod, for one address. Pure. */

function isLoopback(url: URL): boolean {
  return url.hostname === 'localhost' || url.hostname === '[::1]' || url.hostname.startsWith('127.')
}

/** pip ignores a plain http index of another host unless it is told to trust it. */
function trusted(index: string): string | null {
  const url = URL.parse(index)
  return url?.protocol === 'http:' && !isLoopback(url) ? url.hostname : null
}

/** pip, uv and apt at once, of a pod that reads over HTTP; apt's own fetcher is in every Debian. */
export function setUp(index: string, target: string): string | null {
  const mirror = mirrorOf(index)?.replace(/\/$/, '')
  if (mirror === undefined) return null
  const fetched = `/usr/lib/apt/apt-helper -o Acquire::EnableSrvRecords=false download-file ${mirror}/homepod/setup.sh setup.sh`
  return `${fetched} && sh setup.sh ${mirror}${choice(target)}`
}

/** The same, of a pod that has the tree mounted where pods have it. */
export function setUpMounted(target: string): string {
  return `sh /opt/public/airlock/homepod/setup.sh${choice(target)}`
}

function choice(target: string): string {
  return target === 'default' ? '' : ` --target ${target}`
}

/** From now on, for this pod. */
export function pipOnce(index: string): string {
  const host = trusted(index)
  return `pip config set global.index-url ${index}${host === null ? '' : ` && pip config set global.trusted-host ${host}`}`
}

/** For one install. */
export function pipEach(index: string, what: string): string {
  const host = trusted(index)
  return `pip install --index-url ${index}${host === null ? '' : ` --trusted-host ${host}`} ${what}`
}

export function uvOnce(index: string): string {
  const url = URL.parse(index)
  const insecure = trusted(index) === null ? '' : ` UV_INSECURE_HOST=${url!.host}`
  return `export UV_DEFAULT_INDEX=${index}${insecure}`
}

/** The address that apt's own source names: `http://HOST/apt/trixie/` -> `http://HOST/`. */
export function mirrorOf(index: string): string | null {
  return /^(https?:\/\/[^/]+\/)(?:.*\/)?(?:apt|pip)\/[^/]+\/$/.exec(index)?.[1] ?? null
}

export const aptKeyPath = '/etc/apt/keyrings/airlock.asc'

export function aptKey(index: string): string | null {
  const mirror = mirrorOf(index)
  return mirror && `install -d -m 0755 /etc/apt/keyrings && curl -fsS ${mirror}homepod/airlock.asc -o ${aptKeyPath}`
}

/** deb822, the one source that a pod has. */
export function aptSource(index: string): string | null {
  const [, uri, suite] = /^(https?:\/\/.+\/)([^/]+)\/$/.exec(index) ?? []
  return uri === undefined || suite === undefined
    ? null
    : `Types: deb\nURIs: ${uri}\nSuites: ${suite}/\nSigned-By: ${aptKeyPath}\n`
}

/** What prints the description of a pod, fetched as set-up is; null: from the mount, since nobody knows the mirror's address. */
export function describeCommand(index: string | null): string {
  const mirror = index === null ? null : mirrorOf(index)
  return mirror === null
    ? 'sh /opt/public/airlock/homepod/setup.sh --describe > pod.txt'
    : `/usr/lib/apt/apt-helper -o Acquire::EnableSrvRecords=false download-file ${mirror}homepod/setup.sh setup.sh && sh setup.sh --describe > pod.txt`
}

/** The very files that a request was solved to, by their hashes, whatever the index lists by then. */
export function exactly(index: string, request: number): string | null {
  const mirror = mirrorOf(index)
  if (mirror === null) return null
  const host = trusted(index)
  return `pip install --no-deps --require-hashes --index-url ${index}${host === null ? '' : ` --trusted-host ${host}`} -r ${mirror}pip/requests/${request}/requirements.txt`
}

/** The source as one command: a here-document would not survive every terminal. */
export function aptSourceCommand(index: string): string | null {
  const source = aptSource(index)
  return source && `printf '${source.replaceAll('\n', String.raw`\n`)}' > /etc/apt/sources.list.d/airlock.sources`
}
