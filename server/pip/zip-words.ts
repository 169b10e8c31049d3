/** What is wrong with a wheel, in the reader's language. */
import type { Phrase } from '../errors.ts'

/** Ends the reading of a file: throws `artifact-invalid` with the file and the reason. */
export type Refuse = (reason: Phrase) => never

/** Of a member, as the archive has it. */
type Name = string | Buffer

const said = (en: string, zh: string): Phrase => ({ en, zh })
const about = (say: (shown: string) => Phrase) => (name: Name) => say(shownName(name))

/** As an archive: whatever two readers of it might read differently. */
export const zipFaults = {
  noEnd: said(
    'it does not end as a zip does: it is none, or is cut short, or has other data behind it',
    '文件末尾不符合 zip 格式：不是 zip 文件、不完整，或末尾带有多余数据',
  ),
  comment: said('it has a comment that could be taken for more than that', '压缩包带有可能引起歧义的注释'),
  disks: said('it spans several disks', '压缩包跨越多个磁盘'),
  zip64: said('its zip64 records contradict the others', 'zip64 记录与其他记录矛盾'),
  directory: said('its table of contents is broken', '目录区已损坏'),
  tooMany: (limit: number) => said(`it has more than ${limit} members`, `成员超过 ${limit} 个`),
  start: said('there is data in front of its first member', '首个成员之前有多余数据'),
  gap: about((name) => said(`the bytes behind ${name} belong to no member`, `${name} 之后有不属于任何成员的数据`)),
  overlap: about((name) => said(`${name} overlaps another member`, `${name} 与其他成员重叠`)),
  local: about((name) => said(`${name} has two headers that contradict each other`, `${name} 的两处文件头互相矛盾`)),
  descriptor: about((name) =>
    said(`the sizes behind ${name} contradict its header`, `${name} 之后的数据描述与文件头矛盾`),
  ),
  encrypted: about((name) => said(`${name} is encrypted`, `${name} 已加密`)),
  flags: about((name) => said(`${name} uses an unknown feature of zip`, `${name} 使用了未知的 zip 特性`)),
  method: (name: Name, method: number) =>
    said(
      `${shownName(name)} is compressed with method ${method}, not deflate`,
      `${shownName(name)} 使用了 deflate 以外的压缩方法（${method}）`,
    ),
  storedSize: about((name) => said(`${name} is stored with two sizes`, `${name} 未压缩但两处大小不同`)),
  name: about((name) => said(`the member name ${name} is not allowed`, `不允许的成员名称 ${name}`)),
  nameEncoding: about((name) =>
    said(`the member name ${name} can be read in several ways`, `成员名称 ${name} 的编码有歧义`),
  ),
  duplicate: about((name) => said(`${name} is there twice`, `${name} 重复出现`)),
  fileAndFolder: about((name) => said(`${name} is a file and a folder`, `${name} 既是文件又是目录`)),
  fileType: about((name) => said(`${name} is neither a file nor a folder`, `${name} 既不是普通文件也不是目录`)),
  link: about((name) => said(`the link ${name} leads out of the wheel`, `链接 ${name} 指向包外`)),
  folderSize: about((name) => said(`the folder ${name} has content`, `目录 ${name} 带有内容`)),
  tooLarge: (name: Name, limit: number) =>
    said(`${shownName(name)} has more than ${limit} bytes`, `${shownName(name)} 超过 ${limit} 字节`),
  bomb: said('it would unpack to far more than it is', '解压后的体积远超压缩包本身'),
  content: about((name) => said(`the content of ${name} is broken`, `${name} 的内容已损坏`)),
} as const

/** As a wheel: whatever an installer or an index would trip over. */
export const wheelFaults = {
  fileName: said('its name is not a wheel’s', '文件名不是有效的 wheel 名称'),
  distInfo: (found: readonly string[]) =>
    said(
      `it has ${found.length} .dist-info folders where one is needed${found.length > 0 ? `: ${found.join(', ')}` : ''}`,
      `应有且仅有一个 .dist-info 目录，实际有 ${found.length} 个${found.length > 0 ? `：${found.join('、')}` : ''}`,
    ),
  distInfoName: (found: string) =>
    said(`its ${found} belongs to another release than its name says`, `${found} 与文件名所示的版本不一致`),
  missing: (name: string) => said(`it lacks ${name}`, `缺少 ${name}`),
  metadataName: (found: string) => said(`its METADATA says that it is ${found}`, `METADATA 中的名称为 ${found}`),
  metadataVersion: (found: string) =>
    said(`its METADATA says that its version is ${found}`, `METADATA 中的版本为 ${found}`),
  wheelVersion: (found: string) =>
    said(`its wheel format is ${found}; only 1.x is known`, `wheel 格式版本为 ${found}，仅支持 1.x`),
  record: (line: number) => said(`line ${line} of its RECORD is broken`, `RECORD 第 ${line} 行已损坏`),
  unrecorded: about((name) => said(`its RECORD does not list ${name}`, `RECORD 未列出 ${name}`)),
  absent: about((name) => said(`its RECORD lists ${name}, which is not there`, `RECORD 列出了不存在的 ${name}`)),
  recordedTwice: about((name) =>
    said(`its RECORD lists ${name} twice and differently`, `RECORD 对 ${name} 的两处记录不一致`),
  ),
  recordedSize: about((name) => said(`its RECORD has another size for ${name}`, `RECORD 中 ${name} 的大小不符`)),
  recordedHash: about((name) => said(`its RECORD has another hash for ${name}`, `RECORD 中 ${name} 的哈希不符`)),
} as const

/** A member's name in a message: short, and without what would garble it. */
export function shownName(name: Name): string {
  const text = (typeof name === 'string' ? name : name.toString('utf8')).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\u{fffd}')
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 99)}…` : text)
}
