/** Debs as real ones are: each packing of the control and the data member, times what control.tar holds. */
import { execFileSync } from 'node:child_process'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { ar } from '../support/deb.ts'
import { gnuLong, writeTar, type TarEntry } from '../support/tars.ts'

export type GoodDeb = { readonly what: string; readonly file: string; readonly bytes: Buffer; readonly stanza: string }

const control = (version: string, architecture: string, more = '') =>
  `Package: aa\nVersion: ${version}\nArchitecture: ${architecture}\nMaintainer: X <x@y.example>\n${more}Description: x\n`
const plain = control('1.0-1', 'amd64')
const scripts = ['preinst', 'postinst', 'prerm', 'postrm'].map((name): TarEntry => ({
  name: `./${name}`,
  content: '#!/bin/sh\nset -e\n',
  mode: 0o755,
}))
const sums = Array.from({ length: 3000 }, (_, at) => `${'0'.repeat(32)}  usr/share/doc/aa/${at}\n`).join('')
const file = (text: string | Buffer, name = './control'): TarEntry => ({ name, content: text })

const contents: Readonly<Record<string, readonly TarEntry[]>> = {
  'a control file alone': [file(plain)],
  'names without ./': [file(plain, 'control'), { name: 'md5sums', content: 'x' }],
  'a folder in front': [{ name: './' }, file(plain), ...scripts],
  'all the scripts': [...scripts, file(plain)],
  'an epoch and a tilde': [file(control('2:1.0~rc1+dfsg-3.1', 'all'))],
  'configuration files': [file(plain), { name: './conffiles', content: '/etc/aa.conf\nremove-on-upgrade /etc/old\n' }],
  'triggers': [file(plain), { name: './triggers', content: 'activate-noawait ldconfig\n' }],
  'libraries': [file(plain), { name: './shlibs', content: 'libaa 1 aa\n' }, { name: './symbols', content: 'libaa.so.1 aa\n' }],
  'questions': [file(plain), { name: './templates', content: 'Template: aa/x\nType: string\n' }, { name: './config', mode: 0o755 }],
  'many sums': [file(plain), { name: './md5sums', content: sums }],
  'a description of half a megabyte': [file(`${plain}${' a line of text\n'.repeat(30_000)}`)],
  'long relations': [file(control('1.0', 'arm64', `Depends: ${Array.from({ length: 2000 }, (_, at) => `lib${at} (>= 1:${at})`).join(',\n ')}\n`))],
  'a maintainer beyond ASCII': [file(control('1.0', 'all', 'Uploaders: Zoë 张三 <z@y.example>\n'))],
  'a maintainer in Latin-1': [file(Buffer.from(control('1.0', 'all', 'Uploaders: Zo\xeb <z@y.example>\n'), 'latin1'))],
  'an installer’s part': [file(control('1.0', 'amd64', 'Section: debian-installer\nInstaller-Menu-Item: 10\n')), { name: './isinstallable', mode: 0o755 }, { name: './menutest', mode: 0o755 }],
  'fields in other cases': [file(plain.replace('Package:', 'package:').replace('Version: ', 'VERSION:').replace('Architecture:', 'Architecture :'))],
  'a link between scripts': [file(plain), ...scripts.slice(0, 1), { name: './postrm', type: '2', link: 'preinst' }],
  'headers of GNU’s form': [{ name: './', form: 'gnu' }, { ...file(plain), form: 'gnu', uname: 'root' }],
  'headers of the oldest form': [{ ...file(plain), form: 'v7', type: '\0' }],
  'a long name': [file(plain), gnuLong(`./${'x'.repeat(120)}.postinst`), { name: 'x', form: 'gnu' }],
} // prettier-ignore

const packings: Readonly<Record<string, (tar: Buffer) => Buffer>> = {
  '': (tar) => tar,
  '.gz': (tar) => gzipSync(tar),
  '.zst': (tar) => zstdCompressSync(tar),
  '.xz': (tar) => execFileSync('xz', ['-0c'], { input: tar, maxBuffer: 64 << 20 }),
}
const data = ['', '.gz', '.xz', '.zst', '.bz2', '.lzma'] as const
const stanza = (entries: readonly TarEntry[]) => {
  const text = String(entries.find(({ name }) => /(?:^|\/)control$/.test(String(name)))!.content)
  return text
}

/** Of xz, which takes a child each, those with data in xz only, as dpkg makes them. */
export function goodDebs(): readonly GoodDeb[] {
  return [...signed(), ...packed()]
}

/** Signatures behind the data, as vendors put them there. */
function signed(): readonly GoodDeb[] {
  const entries = contents['all the scripts']!
  const data = ['data.tar.xz', Buffer.from('what is in it is not read here')] as const
  const members = [
    ['debian-binary', Buffer.from('2.0\n')],
    ['control.tar.gz', gzipSync(writeTar(entries))],
    data,
  ] as const
  return [['_gpgorigin'], ['_gpgbuilder'], ['_gpgorigin', '_gpgmaint', '_gpgarchive', '_gpgbuilder']].map((names) => {
    const bytes = ar([
      ...members,
      ...names.map((name) => [name, Buffer.from(`${name} of 65 bytes`.padEnd(65))] as const),
    ])
    return { what: `signed: ${names.join(', ')}`, file: 'aa.deb', bytes, stanza: stanza(entries) }
  })
}

function packed(): readonly GoodDeb[] {
  return Object.entries(contents).flatMap(([what, entries]) =>
    Object.entries(packings).flatMap(([end, pack]) => {
      const inner = pack(writeTar(entries))
      const ends = end === '.xz' ? (['.xz'] as const) : data
      return ends.map((dataEnd) => {
        const members = [
          ['debian-binary', Buffer.from('2.0\n')],
          [`control.tar${end}`, inner],
        ] as const
        const bytes = ar([...members, [`data.tar${dataEnd}`, Buffer.from('what is in it is not read here')]])
        const name = what === 'an installer’s part' ? 'aa.udeb' : 'aa.deb'
        return { what: `${what}, control.tar${end}, data.tar${dataEnd}`, file: name, bytes, stanza: stanza(entries) }
      })
    }),
  )
}
