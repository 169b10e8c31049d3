import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { postOf, wasTaken, type WebhookKind } from '../../server/notices/bodies.ts'
import { sayNotice } from '../../server/notices/words.ts'
import type { Notice } from '../../storage/outbox.ts'

const now = new Date('2026-03-01T10:00:00.500Z')
const notice: Notice = {
  event: 'ready',
  at: '2026-03-01T09:59:59.000Z',
  requests: [{ id: 7, ecosystem: 'pip', target: 'default', requirements: ['numpy<2'], more: 0, requester: '李明' }],
  roots: ['numpy<2'],
  problem: null,
  held: null,
}
const context = {
  install: () => "pip install 'numpy<2'",
  link: ({ id }: { id: number }) => `https://airlock.example/requests/${id}`,
}

function made(kind: WebhookKind, secret?: string, one: Notice = notice, language: 'en' | 'zh' = 'en') {
  const words = sayNotice(one, language, context)
  const given = { notice: one, key: 'k-1', words, now, more: { install: "pip install 'numpy<2'", links: [null] } }
  const post = postOf({ kind, url: 'https://hook.example/a?token=t', ...(secret !== undefined && { secret }) }, given)
  return { ...post, json: JSON.parse(post.body) as Record<string, unknown> }
}
const hmac = (key: string, text: string) => createHmac('sha256', key).update(text).digest()

test('JSON carries an id and is signed together with its time', () => {
  const { headers, body, json } = made('json', 's3cret')
  assert.deepEqual([json['id'], headers['airlock-id'], json['event']], ['k-1', 'k-1', 'ready'])
  assert.equal(headers['airlock-timestamp'], '1772359200')
  assert.equal(headers['airlock-signature'], `v1=${hmac('s3cret', `1772359200.${body}`).toString('hex')}`)
  assert.notEqual(headers['airlock-signature'], made('json', 'other').headers['airlock-signature'])
  assert.ok(!body.includes('s3cret'))
})

test('DingTalk’s own secret signs its own time, in milliseconds, in the address', () => {
  const { url, json } = made('dingtalk', 'SEC1')
  const query = new URL(url).searchParams
  assert.equal(query.get('timestamp'), '1772359200500')
  assert.equal(query.get('sign'), hmac('SEC1', '1772359200500\nSEC1').toString('base64'))
  assert.equal(query.get('token'), 't', 'what was there stays')
  assert.match(url, /sign=[A-Za-z0-9%]+$/, 'escaped')
  assert.equal(json['msgtype'], 'text')
  assert.equal(new URL(made('dingtalk').url).searchParams.get('sign'), null)
})

test('Feishu’s secret is part of the key and signs nothing else', () => {
  const { json } = made('feishu', 'sec')
  assert.deepEqual([json['timestamp'], json['sign']], ['1772359200', hmac('1772359200\nsec', '').toString('base64')])
  assert.equal(json['msg_type'], 'text')
  assert.equal(made('feishu').json['sign'], undefined)
})

test('nobody is called by what a request says', () => {
  const loud = {
    ...notice,
    requests: [{ ...notice.requests[0]!, requester: '<!channel> <at user_id="all">x</at> & <b>' }],
  }
  const slack = String(made('slack', undefined, loud).json['text'])
  assert.doesNotMatch(slack, /<|>/)
  assert.match(slack, /&lt;!channel&gt; .* &amp; &lt;b&gt;/)
  const { text } = made('feishu', undefined, loud).json['content'] as { text: string }
  assert.doesNotMatch(text, /<\/?at/)
  assert.match(text, /numpy<2/, 'a bound stays as it was written')
  assert.deepEqual(made('dingtalk', undefined, loud).json['at'], { isAtAll: false })
})

test('words are of the language, on lines of their own, and short whatever a request says', () => {
  const rude = 'x'.repeat(5000)
  const requests = Array.from({ length: 40 }, (_, id) => ({
    ...notice.requests[0]!,
    id,
    requester: `${rude}\n\u202e${id}`,
    requirements: Array.from({ length: 30 }, () => `${rude}数`),
  }))
  const { text } = sayNotice({ ...notice, requests }, 'zh', context)
  assert.match(text, /申请人/)
  assert.doesNotMatch(text, /\u202e/)
  const { content } = made('wecom', undefined, { ...notice, requests }, 'zh').json['text'] as { content: string }
  assert.ok(Buffer.byteLength(content) <= 2048, `${Buffer.byteLength(content)} bytes`)
  assert.doesNotMatch(content, /\ufffd/)
  const english = sayNotice(
    {
      ...notice,
      event: 'failed',
      problem: { code: 'package-not-found', message: '', hint: '', fields: { name: 'nunpy', near: ['numpy'] } },
    },
    'en',
    context,
  )
  assert.match(english.title, /^Airlock: failed · pip numpy<2$/)
  assert.match(english.text, /Request 7 · .* · by 李明\nhttps:\/\/airlock\.example\/requests\/7\n.*nunpy/)
  assert.doesNotMatch(english.text, /pip install/)
})

test('a status of 200 that says no is a no', () => {
  const body = (value: unknown) => Buffer.from(JSON.stringify(value))
  assert.ok(wasTaken('feishu', 200, body({ code: 0 })) && wasTaken('feishu', 200, body({ StatusCode: 0 })))
  assert.ok(wasTaken('dingtalk', 200, body({ errcode: 0 })) && wasTaken('wecom', 200, body({ errcode: 0 })))
  assert.ok(wasTaken('slack', 200, Buffer.from('ok')) && wasTaken('json', 204, Buffer.alloc(0)))
  assert.ok(!wasTaken('feishu', 200, body({ code: 19021 })))
  assert.ok(!wasTaken('dingtalk', 200, body({ errcode: 310000 })))
  assert.ok(!wasTaken('wecom', 200, Buffer.from('<html>a proxy’s page</html>')))
  for (const status of [199, 301, 302, 400, 404, 503]) assert.ok(!wasTaken('json', status, Buffer.alloc(0)))
})
