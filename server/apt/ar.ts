/**
 * The outside of a .deb: an ar archive of three members, and nothing else but signatures behind them. What readers disagree
 * about is refused. Source: deb(5), ar(5), debsig-verify(1).
 */
import type { FileHandle } from 'node:fs/promises'
import { AirlockError } from '../errors.ts'

export type Member = { readonly name: string; readonly start: number; readonly size: number }

const magic = '!<arch>\n'
const headerSize = 60
const control = /^control\.tar(?:\.(?:gz|xz|zst))?$/
/** Of vendors (debsig-verify, dpkg-sig); dpkg and apt look at none, and neither do we: a digest in a signed Release decides. */
const signature = /^_gpg[a-z0-9]{1,11}$/
const mostMembers = 7
const data = /^data\.tar(?:\.(?:gz|xz|zst|bz2|lzma))?$/

/** The control and the data member. Throws `artifact-invalid`. */
export async function readDebMembers(
  handle: FileHandle,
  size: number,
  file: string,
): Promise<{ readonly control: Member; readonly data: Member }> {
  const invalid = (reason: string) => new AirlockError('artifact-invalid', { file, reason })
  const text = async (start: number, length: number) => {
    const buffer = Buffer.alloc(length)
    const { bytesRead } = await handle.read(buffer, 0, length, start)
    if (bytesRead !== length) throw invalid('it is cut short')
    return buffer.toString('latin1')
  }
  if ((await text(0, magic.length)) !== magic) throw invalid('it is not an ar archive')
  const members: Member[] = []
  let at = magic.length
  while (at < size) {
    const match = /^([ -~]{16})[ \d]{12}[ \d]{6}[ \d]{6}[ 0-7]{8}(\d{1,10}) *`\n$/.exec(await text(at, headerSize))
    if (!match) throw invalid('the header of a member is malformed')
    const member = { name: match[1]!.trimEnd().replace(/\/$/, ''), start: at + headerSize, size: Number(match[2]) }
    if (members.length >= 3 && !(signature.test(member.name) && members.length < mostMembers))
      throw invalid('something follows its last member')
    at = member.start + member.size
    if (at > size) throw invalid(`its member ${member.name} is longer than the file`)
    if (at % 2 === 1 && at < size && (await text(at, 1)) !== '\n') throw invalid('the padding of a member is malformed')
    at += at % 2
    members.push(member)
  }
  const [version, inner, content] = members
  if (version?.name !== 'debian-binary' || !/^2\.\d+\n$/.test(await text(version.start, Math.min(version.size, 16))))
    throw invalid('it does not begin with the format version 2.x')
  if (!inner || !control.test(inner.name)) throw invalid('its second member is not control.tar')
  if (!content || !data.test(content.name)) throw invalid('its third member is not data.tar')
  return { control: inner, data: content }
}
