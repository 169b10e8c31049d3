/** PEP 691: which form of an index page a client wants, and whether it takes gzip. */

/** The forms of a page, by the media types that name them; `latest` is version 1 today. */
export type Form = 'json' | 'html' | 'text'

const forms: Readonly<Record<string, Form>> = {
  'application/vnd.pypi.simple.v1+json': 'json',
  'application/vnd.pypi.simple.latest+json': 'json',
  'application/vnd.pypi.simple.v1+html': 'html',
  'application/vnd.pypi.simple.latest+html': 'html',
  'text/html': 'text',
}

/** What is sent when a client likes several equally, or anything. Never 406: pip would read it as "no such project". */
const preference: readonly Form[] = ['text', 'html', 'json']

/** The form that an Accept header asks for. Without one, or when nothing fits: what every client has always read. */
export function chooseForm(accept: string | undefined): Form {
  if (accept === undefined) return 'text'
  const quality: Partial<Record<Form, number>> = {}
  let text = 0
  let any = 0
  for (const { value, q } of weighted(accept)) {
    const form = forms[value]
    if (form !== undefined) quality[form] = Math.max(q, quality[form] ?? 0)
    else if (value === 'text/*') text = q
    else if (value === '*/*') any = q
  }
  quality.text ??= Math.max(text, any)
  let chosen: Form = 'text'
  for (const form of preference) if ((quality[form] ?? 0) > (quality[chosen] ?? 0)) chosen = form
  return chosen
}

/** Whether a client takes gzip rather than nothing at all. */
export function takesGzip(acceptEncoding: string | undefined): boolean {
  if (acceptEncoding === undefined) return false
  let any = 0
  for (const { value, q } of weighted(acceptEncoding)) {
    if (value === 'gzip' || value === 'x-gzip') return q > 0
    if (value === '*') any = q
  }
  return any > 0
}

/** Remembers answers for the few header values that real clients send; forgets everything when there are many. */
export function remembered<T>(decide: (header: string | undefined) => T): (header: string | undefined) => T {
  const limit = 256
  const longest = 512
  const none = decide(undefined)
  const known = new Map<string, T>()
  // one pod asks for many pages in a row: comparing is quicker than hashing
  let last: string | undefined
  let lastAnswer = none
  return (header) => {
    if (header === last) return lastAnswer
    if (header !== undefined && header.length > longest) return decide(header)
    let answer = header === undefined ? none : known.get(header)
    if (answer === undefined) {
      answer = decide(header)
      if (known.size >= limit) known.clear()
      known.set(header!, answer)
    }
    last = header
    lastAnswer = answer
    return answer
  }
}

/** The members of a header list with their q-values; one that is no number counts as refused. */
function weighted(header: string): { value: string; q: number }[] {
  return header.split(',').map((item) => {
    const [value = '', ...parameters] = item.split(';').map((part) => part.trim().toLowerCase())
    const q = parameters.find((parameter) => parameter.startsWith('q='))
    const weight = q === undefined ? 1 : Number(q.slice(2))
    return { value, q: weight >= 0 && weight <= 1 ? weight : 0 }
  })
}
