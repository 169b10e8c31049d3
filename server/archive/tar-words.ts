/** What is wrong with a tar, or with the gzip around it, in the reader's language. */
import type { Phrase } from '../errors.ts'

/** Must throw. */
export type TarRefuse = (reason: Phrase) => never

const said = (en: string, zh: string): Phrase => ({ en, zh })

export const tarFaults = {
  gzip: said('it is not gzip, or is broken', '不是有效的 gzip 数据'),
  afterGzip: said('there is data behind its gzip stream', 'gzip 数据流之后有多余数据'),
  cut: said('its tar is cut short', 'tar 归档不完整'),
  large: said('it holds more than any real package', '内容超出任何真实软件包的规模'),
  behind: said('there is data behind the end of its tar', 'tar 归档结尾之后有多余数据'),
  checksum: said('a header of its tar has a wrong checksum', 'tar 文件头校验和错误'),
  form: said('its tar is of no form that readers agree about', 'tar 格式有歧义'),
  size: said('a size in its tar is none, or where none belongs', 'tar 中的大小无效'),
  type: (flag: string) =>
    said(`its tar holds something of type ${shown(flag)}`, `tar 中有类型为 ${shown(flag)} 的成员`),
  extended: said('an extended header of its tar is malformed', 'tar 扩展头格式错误'),
  record: (key: string) =>
    said(`its tar’s PAX record ${shown(key)} is not taken`, `不接受 tar 的 PAX 记录 ${shown(key)}`),
  name: (name: string) => said(`the member name ${shown(name)} is not allowed`, `不允许的成员名称 ${shown(name)}`),
  under: (name: string) =>
    said(`${shown(name)} lies below something that is no folder`, `${shown(name)} 的上级不是目录`),
  twice: (name: string) => said(`${shown(name)} is there twice and differently`, `${shown(name)} 重复出现且不一致`),
  link: (name: string) => said(`the link ${shown(name)} leads out of it`, `链接 ${shown(name)} 指向包外`),
} as const

/** Short, and without what would garble a message. */
function shown(text: string): string {
  const clean = text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\u{fffd}')
  return JSON.stringify(clean.length > 100 ? `${clean.slice(0, 99)}…` : clean)
}
