/**
 * What Airlock proves itself with to an upstream: the userinfo of a configured URL, else that host's entry of ~/.netrc.
 * Invariant: nothing else of Airlock holds them, and they go to the scheme, host and port of that URL only.
 */

import { createNearest, type UpstreamOrigin } from './origins.ts'

/** The value of an Authorization header for this URL, or null. */
export type Credentials = (url: URL) => string | null

/** `netrc` is the content of ~/.netrc. Its `default` entry is left alone: it would send a password to every upstream. */
export function createCredentials(origins: readonly UpstreamOrigin[], netrc: string | null): Credentials {
  const machines = readNetrc(netrc ?? '')
  const nearest = createNearest(
    origins.flatMap((origin): [URL, string][] => {
      const url = new URL(origin.url)
      const authorization = url.username === '' && url.password === '' ? machines.get(url.hostname) : basicOf(url)
      return authorization === undefined ? [] : [[url, authorization]]
    }),
  )
  return (url) => nearest(url) ?? null
}

/** A URL as it may be shown and stored: without userinfo and fragment. */
export function withoutCredentials(url: URL): string {
  const bare = new URL(url)
  bare.username = ''
  bare.password = ''
  bare.hash = ''
  return bare.href
}

function basicOf(url: URL): string {
  return basic(decoded(url.username), decoded(url.password))
}

/** Percent-encoding undone. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // a lone % is meant as it is written
    return text
  }
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}

/** Host -> Authorization. Comments and macros are skipped; a token may be quoted, as curl and Python read it. */
function readNetrc(text: string): Map<string, string> {
  const tokens = text
    .replace(/^[ \t]*macdef[^\n]*\n(?:[^\n]+\n)*/gm, '')
    .replace(/^[ \t]*#.*$/gm, '')
    .matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)
  const words = [...tokens].map(([, quoted, plain]) => quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '')
  const machines = new Map<string, string>()
  let machine: string | null = null
  let login = ''
  for (let i = 0; i < words.length; i++) {
    const word = words[i]
    if (word === 'machine') {
      machine = words[++i]?.toLowerCase() ?? null
      login = ''
    } else if (word === 'default') machine = null
    else if (word === 'login') login = words[++i] ?? ''
    else if (word === 'account') i++
    else if (word === 'password') {
      const password = words[++i] ?? ''
      if (machine !== null && !machines.has(machine)) machines.set(machine, basic(login, password))
    }
  }
  return machines
}
