import assert from 'node:assert/strict'
import { test } from 'node:test'
import { airlock, fakeConsole, problem, zh } from './console.ts'

const sound = { checked: 90, written: 2, damaged: [], unknown: [] }

for (const work of ['rebuild', 'verify'] as const) {
  const path = `POST /api/maintenance/${work}`

  test(`${work} is done by the server that runs`, async (t) => {
    const { url } = await fakeConsole(t, { [path]: { body: sound } })
    const { code, out, became } = await airlock(url, [work])
    assert.match(out, work === 'rebuild' ? /^90 files checked, 2 written again\.\n$/ : /^90 files checked\.\n$/)
    assert.deepEqual([code, became], [0, []])
    assert.match((await airlock(url, [work], { env: zh })).out, /90 个文件/)
  })

  test(`${work} names damaged and foreign files, and ends with 1 on damage`, async (t) => {
    const { url } = await fakeConsole(t, {
      [path]: { body: { ...sound, damaged: ['pip/pool/ab/x.whl', 'a\u001b[2J'], unknown: ['pip/pool/cd/y.whl'] } },
    })
    const { code, out } = await airlock(url, [work])
    assert.match(
      out,
      /\nDamaged \(2\):\n {2}pip\/pool\/ab\/x\.whl\n {2}a \[2J\nNot Airlock’s \(1\):\n {2}pip\/pool\/cd\/y\.whl\n$/,
    )
    assert.equal(code, 1)
  })

  test(`${work} --json prints the report byte for byte`, async (t) => {
    const body = JSON.stringify(sound, null, 4)
    const { url } = await fakeConsole(t, { [path]: { body } })
    assert.equal((await airlock(url, [work, '--json'])).out, `${body}\n`)
  })

  test(`${work} is done on this machine when no server answers here`, async (t) => {
    const { url, stop } = await fakeConsole(t, {})
    await stop()
    const { code, out, err, became } = await airlock(url, [work])
    assert.deepEqual([code, out, became], [0, '', [work]])
    assert.match(err, /No server answers at .*, so the state is worked on here\./)
    assert.match((await airlock(url, [work], { env: zh })).err, /直接在本机处理状态/)
  })

  test(`${work} is not done on this machine when the server elsewhere does not answer`, async (t) => {
    const { url, stop } = await fakeConsole(t, {})
    await stop()
    // An address that is not loopback by its look, and reaches nothing.
    const { code, err, became } = await airlock(url.replace('127.0.0.1', '0.0.0.0'), [work])
    assert.match(err, /Run it on the server’s machine; with --offline/)
    assert.deepEqual([code, became], [7, []])
  })

  test(`${work} --offline asks no server`, async (t) => {
    const { url, asked } = await fakeConsole(t, { [path]: { body: sound } })
    const { became } = await airlock(url, [work, '--offline'])
    assert.deepEqual([became, asked], [[work], []])
  })

  test(`${work} is not done again on this machine when the server’s answer is lost`, async (t) => {
    const { url } = await fakeConsole(t, { [path]: 'drop' })
    const { code, became } = await airlock(url, [work])
    assert.deepEqual([code, became], [7, []])
  })

  test(`${work} passes the server’s refusal on`, async (t) => {
    const { url } = await fakeConsole(t, { [path]: { status: 500, body: problem() } })
    const { code, became } = await airlock(url, [work])
    assert.deepEqual([code, became], [5, []])
  })
}
