import assert from 'node:assert/strict'
import { test } from 'node:test'
import { width } from '../../client/cli/columns.ts'
import { airlock, zh } from './console.ts'

const url = 'http://127.0.0.1:9'

/** Nothing of these reaches the console. */
const wrong: readonly [args: string, en: RegExp, zh: RegExp][] = [
  ['', /^Usage: airlock/, /^用法：/],
  ['staus', /There is no command “staus”\. Did you mean status\?/, /没有命令 “staus”。是否想用 status？/],
  ['xyzzy', /There is no command “xyzzy”\.\n {2}See `airlock --help`\.\n$/, /没有命令 “xyzzy”。\n/],
  ['request', /^Usage: airlock request/, /^用法： airlock request/],
  [
    'request jq',
    /^airlock: Say whose package it is: `airlock request pip jq` or `airlock request apt jq`\.\n {2}See `airlock request --help`\.\n$/,
    /请指明软件包的生态：`airlock request pip jq` 或 `airlock request apt jq`。\n {2}请查看 `airlock request --help`。/,
  ],
  ['request numpy<2', /`airlock request pip 'numpy<2'`/, /`airlock request apt 'numpy<2'`/],
  ['request zip', /`airlock request apt zip`\.\n/, /`airlock request apt zip`/],
  [
    'request pip',
    /REQUIREMENT is missing\.\n {2}See `airlock request pip --help`/,
    /缺少 REQUIREMENT。\n {2}请查看 `airlock request pip --help`。/,
  ],
  ['request pip six --taget x', /There is no option “--taget”\. Did you mean --target\?/, /是否想用 --target？/],
  ['status --limt 3', /Did you mean --limit\?\n {2}See `airlock status --help`\./, /是否想用 --limit？/],
  ['request pip six --target', /--target <TARGET> needs a value\./, /--target <TARGET> 需要一个值。/],
  ['request pip six --wait --timeout soon', /--timeout takes a number of seconds, not “soon”\./, /--timeout 应为秒数/],
  ['request pip six --wait --timeout -1', /--timeout takes a number of seconds, not “-1”/, /而不是 “-1”/],
  ['request pip --lock uv.lock -c bounds.txt', /--lock goes without -r and -c/, /--lock 不能与 -r、-c 同用/],
  ['request pip --lock uv.lock -r more.txt', /A lock is all that is asked for/, /锁文件即全部申请内容/],
  ['lock to-upstream', /FILE is missing\./, /缺少 FILE。/],
  ['lock to-airlock - --write', /--write needs a file/, /--write 需要文件/],
  ['status seven', /“seven” is not a request’s number\./, /“seven” 不是申请编号。/],
  ['status 0', /“0” is not a request’s number\./, /“0” 不是申请编号。/],
  ['status 7e3', /is not a request’s number/, /不是申请编号/],
  ['status 7 8', /too many arguments/, /参数过多/],
  [
    'status --state done',
    /There is no state “done”\. States: unfinished, queued, solving, downloading, .*, failed, cancelled\./,
    /没有状态 “done”。/,
  ],
  ['status --limit 0', /--limit takes a number from 1 to 200, not “0”\./, /--limit 应为 1 到 200 的整数/],
  ['status --limit 201', /not “201”/, /而不是 “201”/],
  ['status --wait', /Say which request to wait for/, /请指明要等待的申请/],
  ['cancel', /ID is missing\./, /缺少 ID。/],
  ['cancel ../7', /is not a request’s number/, /不是申请编号/],
  ['retry', /ID is missing\./, /缺少 ID。/],
  ['packages conda', /There is no ecosystem “conda”: pip or apt\./, /没有生态 “conda”/],
  ['packages pip ..', /“\.\.” is not a package’s name\./, /“\.\.” 不是软件包名称。/],
  ['packages pip six extra', /too many arguments/, /参数过多/],
  ['packages --limit 0', /--limit takes a number from 1 to 999999, not “0”\./, /而不是 “0”/],
  ['packages --text', /--text <TEXT> needs a value\./, /需要一个值/],
  ['withdraw', /ECOSYSTEM is missing\./, /缺少 ECOSYSTEM。/],
  ['withdraw apt', /NAME is missing\./, /缺少 NAME。/],
  ['withdraw conda six', /There is no ecosystem “conda”/, /没有生态 “conda”/],
  ['completion', /SHELL is missing\./, /缺少 SHELL。/],
  ['completion fish', /There is no completion for “fish”: bash or zsh\./, /没有 “fish” 的补全脚本/],
  ['targets extra', /too many arguments/, /参数过多/],
  ['verify --fast', /There is no option “--fast”\./, /没有选项 “--fast”。/],
]

for (const [line, en, chinese] of wrong) {
  test(`\`airlock ${line}\` is wrong usage, in both languages`, async () => {
    const args = line === '' ? [] : line.split(' ')
    const english = await airlock(url, args)
    assert.match(english.err, en)
    assert.deepEqual([english.out, english.code, english.became], ['', 2, []])
    assert.match((await airlock(url, args, { env: zh })).err, chinese)
  })
}

test('every command has help in both languages, on stdout, that names each of its options', async () => {
  for (const line of [
    '',
    'request',
    'request pip',
    'request apt',
    'status',
    'cancel',
    'retry',
    'targets',
    'packages',
    'withdraw',
    'completion',
    'rebuild',
    'verify',
  ]) {
    const args = [...line.split(' ').filter(Boolean), '--help']
    const english = await airlock(url, args)
    const chinese = await airlock(url, args, { env: zh })
    assert.deepEqual([english.code, english.err, chinese.code, chinese.err], [0, '', 0, ''])
    assert.match(english.out, /^Usage: airlock/)
    assert.match(chinese.out, /^用法： airlock/)
    assert.doesNotMatch(english.out, /\p{Script=Han}/u, line)
    const prose = chinese.out.replaceAll(/airlock [a-z |]+|[A-Z_]{2,}|https?:\S+|--?[A-Za-z]+|[‘'"][^']*'|<[^>]*>/g, '')
    assert.doesNotMatch(prose, /\b(show|display|Options|Commands|Arguments|Usage)\b/, line)
    const options = (text: string) => text.match(/--[a-z]+/g)?.toSorted()
    assert.deepEqual(options(chinese.out), options(english.out), line)
  }
})

test('help documents every exit code that there is a way to and where the console is asked', async () => {
  const { out } = await airlock('http://127.0.0.1:8123', ['--help'])
  for (const code of [0, 1, 2, 3, 4, 5, 6, 7, 130]) assert.match(out, new RegExp(`\\b${code} [a-zA-Z]`))
  assert.doesNotMatch(out, /rejected/, 'nothing rejects a request yet')
  assert.match(out, /AIRLOCK_CONSOLE_URL \(now http:\/\/127\.0\.0\.1:8123\)/)
})

test('help is no wider than a usual terminal', async () => {
  for (const line of ['', 'request pip', 'lock to-airlock', 'target add', 'backup']) {
    const { out } = await airlock(url, [...line.split(' ').filter(Boolean), '--help'])
    assert.ok(
      out.split('\n').every((text) => width(text) <= 80),
      out,
    )
  }
})

test('an option with words in it is quoted, so that no stop is doubled', async () => {
  const { err } = await airlock(url, ['request', 'pip', '-e .'])
  assert.match(err, /^airlock: There is no option “-e \.”\.\n/)
})

test('a note is said to be for whoever reads the queue', async () => {
  for (const command of [['request', 'pip'], ['request', 'apt'], ['withdraw']]) {
    assert.match((await airlock(url, [...command, '--help'])).out, /--note <TEXT> +a note for whoever reads the queue/)
    assert.match((await airlock(url, [...command, '--help'], { env: zh })).out, /--note <TEXT> +说明；/)
  }
})

test('--version prints the version alone', async () => {
  const { code, out } = await airlock(url, ['--version'])
  assert.match(out, /^\d+\.\d+\.\d+\n$/)
  assert.equal(code, 0)
})

test('a requirement that begins with a dash is taken after --', async () => {
  const { code } = await airlock(url, ['request', 'pip', '--', '-strange'])
  assert.equal(code, 7, 'it went as far as the console')
})
