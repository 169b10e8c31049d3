import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { readConfigFile } from '../../server/config-file.ts'
import { AirlockError } from '../../server/errors.ts'
import { temporaryFolder } from '../support/folders.ts'

const wrong: Readonly<Record<string, readonly [knobs: string, path: string, RegExp]>> = {
  'a kind that there is not': ['{ kind: teams, url: https://h.example/SECRET }', 'notify.x.kind', /./],
  'an address that is none': ['{ kind: slack, url: h.example/SECRET }', 'notify.x.url', /an https URL/],
  'a web address for mail': [
    '{ kind: mail, url: https://h.example/SECRET, from: a@b, to: [a@b] }',
    'notify.x.url',
    /smtps:/,
  ],
  'a mail server for a chat': ['{ kind: wecom, url: smtp://u:SECRET@h.example }', 'notify.x.url', /an https URL/],
  'JSON that nobody could trust': ['{ kind: json, url: https://h.example/SECRET }', 'notify.x.secret', /random/],
  'mail from nobody': ['{ kind: mail, url: smtp://h.example, to: [a@b] }', 'notify.x.from', /airlock@/],
  'mail to nobody': ['{ kind: mail, url: smtp://h.example, from: a@b }', 'notify.x.to', /list/],
  'mail to a line break': [
    '{ kind: mail, url: smtp://h.example, from: a@b, to: ["a@b\\nRCPT TO:<c@d>"] }',
    'notify.x.to',
    /list/,
  ],
  'an event that there is not': ['{ kind: slack, url: https://h.example/, on: [started] }', 'notify.x.on.0', /./],
  'a knob that there is not': [
    '{ kind: slack, url: https://h.example/, token: SECRET }',
    'notify.x.token',
    /Known here: kind, url/,
  ],
}

for (const [what, [knobs, path, expected]] of Object.entries(wrong)) {
  test(`${what} stops the start with its place, and without the address`, async (t) => {
    const file = join(await temporaryFolder(t), 'airlock.yaml')
    await writeFile(file, `notify:\n  x: ${knobs}\n`)
    assert.throws(
      () => readConfigFile(file),
      (error: Error) => {
        assert.ok(error instanceof AirlockError && error.code === 'config-invalid', String(error))
        assert.equal(error.fields['path'], path)
        assert.equal(error.fields['line'], 2)
        assert.match(JSON.stringify(error.fields['expected']), expected)
        assert.doesNotMatch(JSON.stringify(error.fields), /SECRET/)
        return true
      },
    )
  })
}
