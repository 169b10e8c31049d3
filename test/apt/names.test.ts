import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatRoot, parseRoot, parseRoots } from '../../server/apt/names.ts'
import { AirlockError, explain } from '../../server/errors.ts'

const good = [
  ['cmake', 'cmake'],
  ['g++', 'g++'],
  ['libstdc++-12-dev', 'libstdc++-12-dev'],
  ['0ad', '0ad'],
  ['lib.so-x', 'lib.so-x'],
  ['libssl-dev=3.0.17-1', 'libssl-dev=3.0.17-1'],
  ['git=1:2.39.5-0+deb12u2', 'git=1:2.39.5-0+deb12u2'],
  ['libc6:arm64', 'libc6:arm64'],
  ['libc6:arm64=2.36-9+deb12u10', 'libc6:arm64=2.36-9+deb12u10'],
] as const
for (const [word, root] of good.filter(([word]) => !word.startsWith('x=')))
  test(`${word} is a root`, () => assert.equal(formatRoot(parseRoot(word)), root))

const bad = [
  // patterns, regular expressions, tasks, removals and options of apt-get
  'bas.*', 'bas?', 'ba[s]h', '^bash', 'bash$', '~nbash', '?name(bash)', 'standard^', '!bash', '(bash)', 'ba{s,}h', 'ba|sh', 'bash\\', '-bash',
  '--allow-downgrades', '-o', '-oDir=/', '--', '-t=sid', '+bash', '.bash', '~', '^', '*', '.', '..', '+', 'a', '',
  // paths, releases, addresses
  './x.deb', '/tmp/x.deb', '../x', 'x.deb/', 'bash/sid', 'bash/bookworm-backports', 'http://h.example/x.deb', 'file:/tmp/x.deb', 'C:\\x',
  // spelling
  'Bash', 'BASH', 'ba_sh', 'ba,sh', 'ba;sh', 'ba&sh', 'ba`id`sh', '$(id)', '$HOME', 'bash#', 'bash@1', 'bäsh', 'ｂash', 'ba\u0000sh', 'ba\u202esh', "ba'sh", 'ba"sh', 'bash%20', '%62ash',
  'x'.repeat(129), 'bash==1', 'bash>=1', 'bash<2', 'bash=', 'bash=1 2', 'bash=-1', 'bash=1:2:3', 'bash=*', 'bash=1/../2', 'bash=$(id)', 'bash=é', 'bash= 1',
  'bash:', 'bash:any', 'bash:all', 'bash:native', 'bash:AMD64', 'bash:amd64:i386', 'bash:../x', 'bash:amd64=', ':amd64', '=1', 'bash:amd 64',
] // prettier-ignore
test(`${bad.length} spellings that apt-get could read otherwise are refused, each by name`, () => {
  for (const word of bad)
    assert.throws(
      () => parseRoot(word),
      (error) => {
        assert.ok(error instanceof AirlockError, word)
        assert.equal(error.code, 'requirement-refused')
        assert.equal(error.fields['item'], word.slice(0, 200))
        return true
      },
      JSON.stringify(word),
    )
})

test('whatever is taken is written as apt-get would write it: no leading dash, no space, no slash, nothing beyond ASCII', () => {
  const alphabet = fc.constantFrom(...'abz019+-.:=~/^*?[]()$ \t\n-_ABé'.split(''))
  fc.assert(
    fc.property(fc.string({ unit: alphabet, maxLength: 20 }), (word) => {
      let root: string
      try {
        root = formatRoot(parseRoot(word))
      } catch (error) {
        return error instanceof AirlockError
      }
      return root === word && /^[a-z0-9][a-z0-9+.-]+(?::[a-z0-9-]+)?(?:=[A-Za-z0-9.+~:-]+)?$/.test(root)
    }),
    { numRuns: 20_000, seed: 5 },
  )
})

test('roots are sorted, each once, from words and lines', () => {
  assert.deepEqual(parseRoots(['jq  cmake', 'jq', '', 'ffmpeg\tjq']), { roots: ['cmake', 'ffmpeg', 'jq'], options: {} })
})

test('a package in two versions is refused in one request, for two architectures it is not', () => {
  assert.throws(() => parseRoots(['jq=1', 'jq=2']), { code: 'requirement-refused' })
  assert.throws(() => parseRoots(['jq=1', 'jq']), { code: 'requirement-refused' })
  assert.deepEqual(parseRoots(['jq', 'jq:arm64']).roots, ['jq', 'jq:arm64'])
})

test('a command line is refused with the way out, in both languages', () => {
  for (const line of ['apt install jq', 'apt-get install -y jq', 'sudo apt install jq'])
    assert.throws(
      () => parseRoots([line]),
      (error) => error instanceof AirlockError && 'zh' in (error.fields['instead'] as object),
    )
})

test('constraints, which apt does not know, are refused with what to write instead', () => {
  assert.throws(
    () => parseRoots(['jq'], ['jq=1.6']),
    (error: AirlockError) => {
      const { message, hint } = explain(error.code, error.fields, 'en')
      assert.match(message, /jq=1\.6/)
      assert.match(hint, /name=version/)
      return error.code === 'requirement-refused'
    },
  )
  assert.deepEqual(parseRoots(['jq'], []).roots, ['jq'])
})

test('nothing and too much are refused', () => {
  assert.throws(() => parseRoots([]), { code: 'requirement-refused' })
  assert.throws(() => parseRoots([' ', '\n']), { code: 'requirement-refused' })
  assert.throws(() => parseRoots([Array.from({ length: 1001 }, (_, index) => `pkg${index}`).join(' ')]), {
    code: 'requirement-refused',
  })
})
