/**
 * Words that nobody else would say, one for each way out of a pod, and the search for them in whatever has come out,
 * however it is spelled there:
 *
 *   const canaries = makeCanaries(['path', 'user-agent'])
 *   canaries.words.path                     'canary3f9c…'
 *   canaries.foundIn(bytes)                 ['path as base64'], none where all is well
 */
import { randomBytes } from 'node:crypto'
import { domainToASCII, domainToUnicode } from 'node:url'

/** Letters and digits only, so that it is a legal project, header, label and path. */
export function makeCanaries<Name extends string>(names: readonly Name[]) {
  const words = Object.fromEntries(names.map((name) => [name, `canary${randomBytes(8).toString('hex')}`])) as Record<
    Name,
    string
  >

  /** `latin1`: one character a byte. */
  function foundIn(latin1: string): string[] {
    const texts = readingsOf(latin1)
    return names.flatMap((name) => {
      const how = Object.keys(texts).find((one) => spellings(words[name]).some((word) => texts[one]!.includes(word)))
      return how === undefined ? [] : [`${name} ${how}`]
    })
  }
  return { words, foundIn }
}

/** The text as it is and what it may be read as. */
function readingsOf(latin1: string): Record<string, string> {
  const plain = latin1.toLowerCase()
  const percent = plain.replaceAll(/%([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return {
    plainly: plain,
    'percent-encoded': percent,
    'percent-encoded twice': percent.replaceAll(/%([0-9a-f]{2})/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    ),
    // of four places where a group may begin one is right
    'as base64': [...latin1.matchAll(/[A-Za-z0-9+/_-]{8,}/g)]
      .flatMap(([run]) => [0, 1, 2, 3].map((from) => Buffer.from(run.slice(from), 'base64').toString('latin1')))
      .join('\n')
      .toLowerCase(),
    'as hexadecimal': [...plain.matchAll(/[0-9a-f]{8,}/g)]
      .flatMap(([run]) => [0, 1].map((from) => Buffer.from(run.slice(from), 'hex').toString('latin1')))
      .join('\n'),
    'as punycode': [...plain.matchAll(/xn--[a-z0-9-]+/g)].map(([label]) => domainToUnicode(label)).join('\n'),
    // a question to a name server has no dots, but lengths
    'as labels': plain.replaceAll(/[\0-\x1f]/g, ''),
  }
}

function spellings(word: string): string[] {
  return [word, word.split('').toReversed().join('')]
}

/** As a label of letters that ASCII has not: it comes back from punycode with the word in it. */
export const asPunycode = (word: string): string => domainToASCII(`${word}ü.example`)
