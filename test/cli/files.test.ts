import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { temporaryFolder } from '../support/folders.ts'
import { airlock, fakeConsole, problem, request, zh, type Replies } from './console.ts'

const created = { status: 202, body: { requests: [request()] } }

async function write(t: TestContext, content: string | Buffer, name = 'requirements.txt'): Promise<string> {
  const file = join(await temporaryFolder(t), name)
  await writeFile(file, content)
  return file
}

/** Whatever the query is, it is taken. */
async function taker(t: TestContext, query: string) {
  const replies: Replies = { [`POST /api/requests?${query}`]: created, 'POST /api/requests': created }
  return fakeConsole(t, replies)
}

test('a requirements file goes as it is, with who asks and the ecosystem beside it', async (t) => {
  const text = '# mine\nfonttools==4.1 \\\n  --hash=sha256:00\nnumpy<2  # not yet\n'
  const { url, asked } = await taker(t, 'ecosystem=pip&requester=alice')
  const { code, out, err } = await airlock(url, ['request', 'pip', '-r', await write(t, text)])
  assert.deepEqual([code, err], [0, ''])
  assert.equal(asked[0]!.body, text)
  assert.match(out, /^Request 7 /)
})

test('every option goes into the query of a file, targets and constraints one by one', async (t) => {
  const constraints = await write(t, 'numpy<2\n\n# why\nurllib3!=2.0 # broken\r\n', 'constraints.txt')
  const { url, asked } = await taker(
    t,
    'ecosystem=pip&target=default&target=py38&constraint=numpy%3C2&constraint=urllib3%21%3D2.0&requester=bob&note=a+%26+b&confirm=true&refresh=true',
  )
  const args = [
    '--target',
    'default',
    '--target',
    'py38',
    '--requester',
    'bob',
    '--note',
    'a & b',
    '--yes',
    '--refresh',
  ]
  const file = await write(t, 'pandas\n')
  const { code, err } = await airlock(url, ['request', 'pip', '-r', file, '-c', constraints, ...args])
  assert.deepEqual([code, err], [0, ''])
  assert.equal(asked[0]!.body, 'pandas\n')
})

test('constraints beside names go as JSON', async (t) => {
  const constraints = await write(t, '\uFEFFnumpy<2\n')
  const { url, asked } = await taker(t, '')
  await airlock(url, ['request', 'pip', 'pandas', '-c', constraints])
  const body = { ecosystem: 'pip', requirements: ['pandas'], constraints: ['numpy<2'], requester: 'alice' }
  assert.deepEqual(asked[0]!.body, body)
})

test('a file of comments constrains nothing', async (t) => {
  const { url, asked } = await taker(t, '')
  await airlock(url, ['request', 'pip', 'pandas', '-c', await write(t, '# nothing\n')])
  assert.deepEqual(asked[0]!.body, { ecosystem: 'pip', requirements: ['pandas'], requester: 'alice' })
})

test('a list of apt packages is a file too, and - is standard input', async (t) => {
  const { url, asked } = await taker(t, 'ecosystem=apt&requester=alice')
  const { code } = await airlock(url, ['request', 'apt', '-r', '-'], { stdin: 'jq\ncmake\n' })
  assert.equal(code, 0)
  assert.equal(asked[0]!.body, 'jq\ncmake\n')
})

test('a file that is waited for is followed like any other request', async (t) => {
  const ready = request({ state: 'ready' })
  const { url } = await fakeConsole(t, {
    'POST /api/requests?ecosystem=pip&requester=alice': created,
    'GET /api/requests/7': { body: ready },
  })
  const { code, out } = await airlock(url, ['request', 'pip', '-r', '-', '--wait'], { stdin: 'six' })
  assert.equal(code, 0)
  assert.match(out, /Request 7 is ready for default/)
})

test('what the server says of a line of the file is shown', async (t) => {
  const refused = problem({ status: 400, code: 'requirement-refused', detail: 'Line 2: “-r other.txt” is refused.' })
  const { url } = await fakeConsole(t, {
    'POST /api/requests?ecosystem=pip&requester=alice': { status: 400, body: refused },
  })
  const { code, err } = await airlock(url, ['request', 'pip', '-r', '-'], { stdin: 'six\n-r other.txt' })
  assert.equal(code, 5)
  assert.match(err, /^airlock: Line 2: “-r other\.txt” is refused\.\n/)
})

/** Wrong usage before anything is sent. */
async function refused(args: readonly string[], en: RegExp, chinese: RegExp, stdin = '') {
  const url = 'http://127.0.0.1:9'
  const english = await airlock(url, ['request', ...args], { stdin })
  assert.match(english.err, en)
  assert.deepEqual([english.out, english.code], ['', 2])
  assert.match((await airlock(url, ['request', ...args], { stdin, env: zh })).err, chinese)
}

test('a file that is not there is named, with why', async (t) => {
  const file = join(await temporaryFolder(t), 'absent.txt')
  await refused(['pip', '-r', file], /absent\.txt cannot be read \(ENOENT\)\./, /无法读取 .*absent\.txt（ENOENT）。/)
  await refused(['pip', 'six', '-c', file], /absent\.txt cannot be read \(ENOENT\)\./, /无法读取/)
})

test('a folder is no file', async (t) => {
  const folder = join(await temporaryFolder(t), 'requirements')
  await mkdir(folder)
  await refused(['pip', '-r', folder], /requirements cannot be read \(EISDIR\)\./, /EISDIR/)
})

test('a file in another encoding is refused instead of sent as something else', async (t) => {
  const file = await write(t, Buffer.from('\uFEFFsix\n', 'utf16le'), 'utf16.txt')
  await refused(['pip', '-r', file], /utf16\.txt is not UTF-8 text\./, /utf16\.txt 不是 UTF-8 文本。/)
})

test('names and a file are one or the other', async () => {
  await refused(['pip', 'six', '-r', '-'], /Give either what to ask for or a file of it \(-r\), not both\./, /二选一/)
})

test('an empty file asks for nothing', async () => {
  await refused(['pip', '-r', '-'], /- asks for nothing\./, /没有申请任何内容/, ' \n# six\n')
})

test('standard input cannot be both files', async () => {
  await refused(['pip', '-r', '-', '-c', '-'], /only one of -r and -c\./, /只能用于/)
})

test('more constraints than a query holds are refused with what to do', async (t) => {
  const many = Array.from({ length: 1000 }, (_, index) => `project-${index}<2`).join('\n')
  const file = await write(t, many)
  await refused(['pip', '-r', '-', '-c', file], /The 1000 constraints are too many/, /约束共 1000 条/, 'six')
})

test('apt has no constraints', async () => {
  await refused(['apt', 'jq', '-c', 'x'], /There is no option “-c”\./, /没有选项 “-c”。/)
})
