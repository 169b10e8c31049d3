/** One try to tell one hook: its words, its form, its way. What fails says why in words, never with an address. */
import type { Notice } from '../../storage/outbox.ts'
import type { HookConfig } from '../config.ts'
import { AirlockError, type Phrase } from '../errors.ts'
import type { SendMail } from '../upstream/mail.ts'
import type { Send } from '../upstream/send.ts'
import { postOf, refusalOf, wasTaken } from './bodies.ts'
import { sayNotice, type Context } from './words.ts'

export type Hook = HookConfig & { readonly name: string }

/** Resolves once it was taken. Throws `notice-failed` or the signal's reason. */
export type Deliver = (hook: Hook, notice: Notice, key: string, signal: AbortSignal) => Promise<void>

type Deps = {
  readonly send: Send
  readonly mail: SendMail
  readonly context: Context
  readonly now: () => Date
}

export function createDeliver({ send, mail, context, now }: Deps): Deliver {
  async function deliver(hook: Hook, notice: Notice, key: string, signal: AbortSignal): Promise<void> {
    const words = sayNotice(notice, hook.language, context)
    if (hook.kind === 'mail') {
      const { url: server, from = '', to = [] } = hook
      return mail({ server, from, to, subject: words.title, text: `${words.text}\n`, key, signal })
    }
    const { kind } = hook
    const links = notice.requests.map(context.link)
    const [first] = notice.requests
    const install = notice.event === 'ready' && first ? context.install(first, notice.roots) : ''
    const post = postOf({ ...hook, kind }, { notice, key, words, now: now(), more: { install, links } })
    const { status, body } = await send({ ...post, signal })
    if (!wasTaken(kind, status, body)) throw failed(hook, answers(refusalOf(status, body)))
  }

  return async (hook, notice, key, signal) => {
    try {
      await deliver(hook, notice, key, signal)
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof AirlockError) || error.code === 'notice-failed') throw error
      throw failed(hook, (error.fields['reason'] as Phrase | undefined) ?? { en: error.code, zh: error.code })
    }
  }
}

function failed({ name }: Hook, reason: Phrase): AirlockError {
  return new AirlockError('notice-failed', { hook: name, reason })
}

function answers(what: string): Phrase {
  return { en: `it answers ${what}`, zh: `返回 ${what}` }
}
