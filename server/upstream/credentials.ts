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

/** A word with its value, which may be quoted; what ends an entry, a macro up to an empty line; a comment; any other word. */
const netrcPattern =
  /(machine|login|password|account)\s+(?:"((?:[^"\\]|\\.)*)"|(\S+))|(default(?!\S)|macdef(?!\S)[^\n]*\n(?:[^\n]+\n)*)|#[^\n]*|\S+/g

/** Host -> Authorization, as curl and Python read it: in an entry the password may come before the login. */
function readNetrc(text: string): Map<string, string> {
  const machines = new Map<string, string>()
  let machine: string | null = null
  let [login, password] = ['', '']
  /** Of two entries for a host the first is meant. */
  function endEntry(next: string | null): void {
    const isAny = login !== '' || password !== ''
    if (machine !== null && isAny && !machines.has(machine)) machines.set(machine, basic(login, password))
    machine = next
    ;[login, password] = ['', '']
  }
  for (const [, word, quoted, plain, end] of `${text.replaceAll('\r\n', '\n')}\n`.matchAll(netrcPattern)) {
    const value = quoted?.replace(/\\(.)/g, '$1') ?? plain ?? ''
    if (word === 'machine') endEntry(value.toLowerCase())
    else if (word === 'login') login = value
    else if (word === 'password') password = value
    else if (end !== undefined) endEntry(null)
  }
  endEntry(null)
  return machines
}
