/** Why a build failed, in a line, and what to do about it: from what compilers, linkers and Pythons say. */
import type { Phrase } from '../errors.ts'

export type Cause = { readonly reason: Phrase; readonly instead: Phrase }

/** Debian's packages of the headers, programs and libraries (as pkg-config calls them) that builds ask for most. */
const packages: Readonly<Record<string, string>> = {
  'Python.h': 'python3-dev',
  'ffi.h': 'libffi-dev',
  'zlib.h': 'zlib1g-dev',
  'bzlib.h': 'libbz2-dev',
  'lzma.h': 'liblzma-dev',
  'sqlite3.h': 'libsqlite3-dev',
  'openssl/': 'libssl-dev',
  'libxml/': 'libxml2-dev',
  'libxslt/': 'libxslt1-dev',
  'curl/': 'libcurl4-openssl-dev',
  'libpq-fe.h': 'libpq-dev',
  pg_config: 'libpq-dev',
  'mysql.h': 'default-libmysqlclient-dev',
  mysql_config: 'default-libmysqlclient-dev',
  'lber.h': 'libldap-dev',
  'sasl/': 'libsasl2-dev',
  'gssapi/': 'libkrb5-dev',
  'krb5.h': 'libkrb5-dev',
  'krb5-config': 'libkrb5-dev',
  'jpeglib.h': 'libjpeg-dev',
  'png.h': 'libpng-dev',
  'ft2build.h': 'libfreetype-dev',
  'hdf5.h': 'libhdf5-dev',
  'snappy-c.h': 'libsnappy-dev',
  'pcap.h': 'libpcap-dev',
  'portaudio.h': 'portaudio19-dev',
  'alsa/': 'libasound2-dev',
  'gmp.h': 'libgmp-dev',
  'mpi.h': 'libopenmpi-dev',
  'yaml.h': 'libyaml-dev',
  cairo: 'libcairo2-dev',
  'dbus-1': 'libdbus-1-dev',
  'glib-2.0': 'libglib2.0-dev',
  'gobject-introspection-1.0': 'libgirepository1.0-dev',
  mysqlclient: 'default-libmysqlclient-dev',
  libpq: 'libpq-dev',
  openssl: 'libssl-dev',
  libffi: 'libffi-dev',
  cmake: 'cmake',
  cargo: 'cargo',
  rustc: 'rustc',
  swig: 'swig',
  'pkg-config': 'pkg-config',
  gfortran: 'gfortran',
  make: 'make',
  git: 'git',
}
const compilers = /^(?:x86_64-linux-gnu-|aarch64-linux-gnu-)?(?:gcc|g\+\+|cc|c\+\+|clang|clang\+\+)(?:-\d+)?$/

/** More than so many lines are what a build does, and no plea. */
const fewLines = 30

/** `log`: everything that was said, fit to be shown. */
export function causeOf(log: string): Cause {
  for (const [pattern, describe] of patterns) {
    const found = pattern.exec(log)
    if (found) return describe(found[1] ?? '')
  }
  const lines = log.split('\n').map((line) => line.trim())
  const last = lines.findLast((line) => /^(?:\w+\.)*\w*(?:Error|Exception)\b.*|^error:.*/i.test(line)) ?? plea(lines)
  const reason = last.slice(0, 300).replace(/\.+$/, '')
  return { reason: { en: reason, zh: reason }, instead: readLog }
}

/** What a source has to say to people, where it ends with little more than that; else the last that is said. */
function plea(lines: readonly string[]): string {
  const said = lines.slice(lines.findLastIndex((line) => line.startsWith('airlock: ')) + 1)
  const first = said.findIndex((line) => line !== '')
  const end = said.indexOf('', first)
  if (first !== -1 && said.length <= fewLines) return said.slice(first, end === -1 ? undefined : end).join(' ')
  return lines.findLast((line) => line !== '') ?? ''
}

function missing(kind: 'header' | 'program' | 'library', name: string): Cause {
  const kinds = { header: ['the header', '头文件'], program: ['the program', '程序'], library: ['the library', '库'] }
  const base = name.split('/').at(-1)!
  const reason = {
    en: `${kinds[kind][0]} ${name} is not on this machine`,
    zh: `本机缺少${kinds[kind][1]} ${name}`,
  }
  const known = compilers.test(base)
    ? 'build-essential'
    : (packages[base] ?? Object.entries(packages).find(([start]) => start.endsWith('/') && name.startsWith(start))?.[1])
  if (known === undefined)
    return {
      reason,
      instead: {
        en: `Install the Debian package that has ${base} on the machine that Airlock runs on (apt-file search ${base}), then retry.`,
        zh: `请在运行 Airlock 的机器上安装包含 ${base} 的 Debian 软件包（apt-file search ${base}），然后重试。`,
      },
    }
  return {
    reason,
    instead: {
      en: `Install ${known} on the machine that Airlock runs on (apt-get install ${known}), then retry. Where pods need its library too: airlock request apt ${known}.`,
      zh: `请在运行 Airlock 的机器上安装 ${known}（apt-get install ${known}）后重试。若 HomePod 也需要其库：airlock request apt ${known}。`,
    },
  }
}

function undeclared(module: string): Cause {
  return {
    reason: {
      en: `it imports ${module}, which it does not name as a build requirement or which is gone from what it names`,
      zh: `构建时导入 ${module}，但未声明该构建依赖，或其声明的依赖中已不再包含它`,
    },
    instead: {
      en: 'Ask for another release, or have a wheel built elsewhere and put into an index that Airlock reads. builds.constraints can hold a build requirement back, like setuptools<81.',
      zh: '请选择其他版本，或在别处构建 wheel 并放入 Airlock 可读取的索引。builds.constraints 可限制构建依赖的版本，例如 setuptools<81。',
    },
  }
}

const network: Cause = {
  reason: { en: 'it wants the network, which a build here has not', zh: '构建过程需要网络，而此处的构建没有网络' },
  instead: {
    en: 'Ask for a release that has a wheel, or have one built elsewhere and put into an index that Airlock reads.',
    zh: '请选择带 wheel 的版本，或在别处构建后放入 Airlock 可读取的索引。',
  },
}
/** A limit of the sandbox's, and the knob that raises it. */
export function overLimit(reason: Phrase, knob: string): Cause {
  return {
    reason,
    instead: {
      en: `If it is to be had all the same, raise ${knob} in airlock.yaml and retry; else ask for a release that has a wheel.`,
      zh: `如仍需要，请在 airlock.yaml 中调大 ${knob} 后重试；否则请选择带 wheel 的版本。`,
    },
  }
}

const memory = overLimit(
  { en: 'it needs more memory than a build may use', zh: '所需内存超出构建上限' },
  'builds.memory',
)
const space = overLimit({ en: 'it writes more than a build may', zh: '写入的数据超出构建上限' }, 'builds.disk')

export const readLog: Phrase = {
  en: 'Ask for another release, or have a wheel built elsewhere and put into an index that Airlock reads.',
  zh: '请选择其他版本，或在别处构建 wheel 并放入 Airlock 可读取的索引。',
}

const patterns: readonly (readonly [RegExp, (found: string) => Cause])[] = [
  [/fatal error: ([^\s:]+\.h(?:pp)?): No such file/, (header) => missing('header', header)],
  [/(?:unable to execute|command) '([\w+./-]+)'(?: failed)?: No such file/, (program) => missing('program', program)],
  [/(?:error: |: )([\w+.-]+): (?:command )?not found/, (program) => missing('program', program)],
  [/No such file or directory: '([\w+.-]+)'/, (program) => missing('program', program)],
  [/Could not find ([\w+.-]+) executable/i, (program) => missing('program', program)],
  [
    /can't find (Rust compiler)|(?:is )?(?:rustc|cargo).{0,40}not (?:installed|found)/i,
    () => missing('program', 'cargo'),
  ],
  [/cannot find -l([\w+.-]+)/, (library) => missing('library', library)],
  [/Dependency "([\w+.-]+)" not found/, (name) => missing('library', name)],
  [/No package '([\w+.-]+)' found/, (name) => missing('library', name)],
  [/'pkg-config --exists ([\w+.-]+)' returned/, (name) => missing('library', name)],
  [/(?:ModuleNotFoundError|ImportError): No module named '?([\w.]+)'?/, undeclared],
  [/(?:URLError|ConnectionError|gaierror|NameResolutionError|Network is unreachable)/, () => network],
  [/MemoryError|Cannot allocate memory|std::bad_alloc/, () => memory],
  [/No space left on device/, () => space],
]
