import assert from 'node:assert/strict'
import { createServer, Socket, type AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { createMailer } from '../../server/upstream/mail.ts'
import { certificateFor } from '../support/certificate.ts'
import { startSmtp, type SmtpOptions } from '../support/smtp.ts'

async function mailbox(t: TestContext, options: SmtpOptions = {}) {
  const smtp = await startSmtp(options)
  t.after(smtp.close)
  return smtp
}

const letter = (server: string, more: object = {}) => ({
  server,
  from: 'airlock@mail.example',
  to: ['team@mail.example', 'admin@mail.example'],
  subject: 'Airlock: 可安装 · pip numpy',
  text: '申请 7\nRcpt to: <other@mail.example>\n.\nend\n',
  key: 'k-1',
  signal: AbortSignal.timeout(10_000),
  ...more,
})

test('a message arrives whole, with an id that is the same at every try', async (t) => {
  const smtp = await mailbox(t)
  const server = `smtp://127.0.0.1:${smtp.port}`
  const send = createMailer({ servers: [server] })
  await send(letter(server))
  await send(letter(server))
  const [first, second] = smtp.mails
  assert.deepEqual(first!.to, ['team@mail.example', 'admin@mail.example'])
  assert.match(first!.message, /^Message-ID: <k-1@airlock>$/im)
  assert.match(first!.message, /^Auto-Submitted: auto-generated$/im)
  assert.equal(second!.message.match(/^Message-ID: .*$/im)?.[0], first!.message.match(/^Message-ID: .*$/im)?.[0])
  assert.ok(!smtp.heard.some((line) => line.includes('other@')), 'no line of a text is a command')
})

test('user and password go over TLS only', async (t) => {
  const certificate = certificateFor(['127.0.0.1', 'localhost'])
  const login = { user: 'lin', password: 'p@ss' }
  const smtp = await mailbox(t, { certificate, login })
  const server = `smtp://lin:p%40ss@localhost:${smtp.port}`
  await createMailer({ servers: [server], extraCa: [certificate.cert] })(letter(server))
  assert.equal(smtp.mails[0]?.secure, true)
  assert.ok(smtp.heard.some((line) => line.startsWith('tls AUTH')))
  assert.ok(!smtp.heard.some((line) => line.startsWith('clear AUTH')))

  // one that offers no TLS gets nothing, nor does one whose certificate nobody signed
  const plain = await mailbox(t, { login })
  const other = `smtp://lin:p%40ss@127.0.0.1:${plain.port}`
  await assert.rejects(createMailer({ servers: [other] })(letter(other)), { code: 'upstream-unreachable' })
  const strange = await mailbox(t, { certificate, login })
  const third = `smtp://lin:p%40ss@localhost:${strange.port}`
  await assert.rejects(createMailer({ servers: [third] })(letter(third)), { code: 'upstream-unreachable' })
  for (const { heard, mails } of [plain, strange]) {
    assert.ok(!heard.some((line) => /AUTH|MAIL/.test(line)), heard.join('\n'))
    assert.equal(mails.length, 0)
  }
})

test('what a server refuses is told by its code, without its words or ours', async (t) => {
  for (const [verb, answer] of [
    ['MAIL', '550 lin:p@ss is not welcome'],
    ['RCPT', '450 later'],
    ['.', '552 too much'],
  ] as const) {
    const smtp = await mailbox(t, { refuse: { [verb]: answer } })
    const server = `smtp://127.0.0.1:${smtp.port}`
    await assert.rejects(createMailer({ servers: [server] })(letter(server)), (error: Error & { fields: object }) => {
      assert.match(JSON.stringify(error.fields), new RegExp(answer.slice(0, 3)))
      assert.doesNotMatch(JSON.stringify(error.fields) + error.message, /p@ss|welcome|later/)
      assert.equal(error.cause, undefined)
      return true
    })
    assert.equal(smtp.mails.length, 0)
  }
  const wrong = await mailbox(t, { certificate: certificateFor(['localhost']), login: { user: 'a', password: 'b' } })
  const server = `smtp://lin:p%40ss@localhost:${wrong.port}`
  await assert.rejects(createMailer({ servers: [server] })(letter(server)), { code: 'upstream-unreachable' })
})

test('a server that is not configured is not connected to, whatever a message says', async (t) => {
  const smtp = await mailbox(t)
  const send = createMailer({ servers: ['smtp://127.0.0.1:1'] })
  for (const server of [`smtp://127.0.0.1:${smtp.port}`, `smtps://127.0.0.1:1`, `smtp://localhost:${smtp.port}`])
    await assert.rejects(send(letter(server)), { code: 'upstream-host-refused' })
  assert.deepEqual(smtp.heard, [])
})

test('one that says nothing, and one that nobody listens at, end in time', async (t) => {
  const mute = createServer(() => {})
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
  t.after(() => new Promise((resolve) => mute.close(resolve)))
  const silent = `smtp://127.0.0.1:${(mute.address() as AddressInfo).port}`
  const began = performance.now()
  await assert.rejects(createMailer({ servers: [silent], timeout: 200 })(letter(silent)), {
    code: 'upstream-unreachable',
  })
  const aborted = letter(silent, { signal: AbortSignal.timeout(100) })
  await assert.rejects(createMailer({ servers: [silent] })(aborted), { name: 'TimeoutError' })
  await assert.rejects(createMailer({ servers: ['smtp://127.0.0.1:1'] })(letter('smtp://127.0.0.1:1')), {
    code: 'upstream-unreachable',
  })
  assert.ok(performance.now() - began < 5000)
})

test('the mail library opens no connection of its own: each is opened in upstream/', async (t) => {
  const certificate = certificateFor(['localhost'])
  const smtp = await mailbox(t, { certificate, login: { user: 'lin', password: 'p' } })
  const stacks: string[] = []
  const connect = Socket.prototype.connect
  Socket.prototype.connect = function (this: Socket, ...args: never[]) {
    stacks.push(new Error('opened').stack ?? '')
    return Reflect.apply(connect, this, args)
  } as typeof connect
  t.after(() => (Socket.prototype.connect = connect))
  const server = `smtp://lin:p@localhost:${smtp.port}`
  await createMailer({ servers: [server], extraCa: [certificate.cert] })(letter(server))
  assert.equal(smtp.mails.length, 1)
  assert.equal(stacks.length, 1)
  assert.match(stacks[0]!, /server\/upstream\/mail\.ts/)
  assert.doesNotMatch(stacks[0]!, /nodemailer/)
})
