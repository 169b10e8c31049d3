import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { AirlockError, explain } from '../../server/errors.ts'
import { parseDependency, parseRequirement, parseRequirements } from '../../server/pip/requirement.ts'
import { faults, refusals } from '../../server/pip/requirement-words.ts'
import { askPython } from '../support/python.ts'
import { ownTime } from '../support/own-time.ts'

function errorOf(line: string): AirlockError {
  try {
    parseRequirement(line)
  } catch (error) {
    assert.ok(error instanceof AirlockError, `${JSON.stringify(line)} threw ${String(error)}`)
    return error
  }
  return assert.fail(`${JSON.stringify(line)} was taken`)
}

const reasonOf = (line: string) => (errorOf(line).fields.reason as { en: string }).en

test('a requirement has one normal form, whatever its spelling', () => {
  const forms = {
    numpy: ['numpy', ' NumPy ', 'numpy # the usual', '\tnumpy\t#x', 'numpy[]', 'numpy ()'],
    'numpy<2,>=1.26': [
      'numpy>=1.26,<2',
      'numpy < 2, >= 1.26',
      'numpy (>=1.26,<2)',
      'NumPy>=1.26,<2,>=1.26',
      'numpy\t<2 ,>=1.26',
    ],
    'some-pkg[a,b-c]==1.0rc1': ['Some_Pkg[b.c, A]==1.0.RC1', 'some.pkg [a,b-c,A] == v1.0-c1'],
    'torch==2.4.0+cu118': ['torch==2.4.0+cu118', 'torch == 2.4.0+CU118'],
    'a!=1.*,~=1.4.2': ['a~=1.4.2,!=1.*'],
    'a===1.0-Weird': ['a===1.0-Weird'],
    'a<2,===1.0 ; os_name == "posix"': ['a===1.0,<2 ; os_name == "posix"'],
    'a>=1!2.0.post1.dev3': ['a>=1!2.0-1.dev3'],
    'a ; python_version >= "3.8" and sys_platform == "linux"': [
      "a; python_version>='3.8' and sys_platform=='linux'",
      'a;(python_version >= "3.8")and(sys_platform == "linux")',
      'a ; ((python_version >= "3.8" and (sys_platform == "linux")))',
    ],
    'a ; (os_name == "nt" or os_name == "posix") and "x" in platform_version': [
      `a; (os.name == 'nt' or os_name=='posix') and 'x' in platform.version`,
    ],
    'a ; platform_machine not in "x86_64 arm64"': ['a;platform_machine not   in "x86_64 arm64"'],
    'a ; platform_version == \'say "x"\'': [`a; platform_version == 'say "x"'`],
  }
  for (const [text, spellings] of Object.entries(forms))
    for (const spelling of spellings) assert.equal(parseRequirement(spelling).text, text, spelling)
})

test('a normal form is its own normal form, and pip reads the same in it', () => {
  const version = fc.constantFrom('1.0', '2!1.0', '3.0.0', '1.0a1', '1.0.post2', '1.0.dev0', '20240101')
  const specifier = fc.oneof(
    fc.tuple(fc.constantFrom('==', '!=', '<=', '>=', '<', '>'), version).map((parts) => parts.join('')),
    fc.constantFrom('~=1.0', '==1.*', '!=2.1.*', '==1.0+cu118'),
  )
  const name = fc.stringMatching(/^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,12}[A-Za-z0-9])?$/)
  const comparison = fc.constantFrom(
    'python_version >= "3.8"',
    "os_name=='posix'",
    "'64' in platform_machine",
    'implementation_name != "pypy"',
  )
  const marker = fc.oneof(
    comparison,
    fc.tuple(comparison, comparison, comparison).map(([a, b, c]) => `${a} and (${b} or ${c})`),
  )
  const line = fc
    .tuple(name, fc.array(name, { maxLength: 3 }), fc.array(specifier, { maxLength: 3 }), fc.option(marker))
    .map(([project, extras, specifiers, condition]) =>
      [
        project,
        extras.length > 0 ? ` [${extras.join(' , ')}]` : '',
        specifiers.join(', '),
        condition === null ? '' : ` ; ${condition}`,
      ].join(''),
    )
  // a name like `x.zip` or `a.b.whl` looks like a file, and is refused as one
  const lines = fc
    .sample(line, { numRuns: 500, seed: 508 })
    .filter((text) => !/^[^[;<>=!~]*\.(?:zip|whl|egg|txt|toml|tgz)\b/i.test(text))
  const texts = lines.map((text) => parseRequirement(text).text)
  assert.deepEqual(
    texts.map((text) => parseRequirement(text).text),
    texts,
  )
  const script = `
from pip._vendor.packaging.requirements import Requirement
from pip._vendor.packaging.utils import canonicalize_name
def read(text):
  r = Requirement(text)
  return [canonicalize_name(r.name), sorted({canonicalize_name(e) for e in r.extras}), sorted({(s.operator, s.version.lower()) for s in r.specifier}), str(r.marker or '')]
print(json.dumps([read(text) for text in question]))`
  const theirs = askPython(script, [...lines, ...texts]) as unknown[]
  assert.deepEqual(theirs.slice(lines.length), theirs.slice(0, lines.length))
})

test('what pip would read and Airlock will not is refused, with the reason and what to write instead', () => {
  const cases: Readonly<Record<Exclude<keyof typeof refusals, 'otherHash'>, readonly string[]>> = {
    file: [
      '-r requirements.txt',
      '-rrequirements.txt',
      '--requirement=x.txt',
      '--requirement x.txt',
      '-c constraints.txt',
      '--constraint=c',
    ],
    editable: ['-e .', '-e git+https://git.example/x', '--editable=./x', '--editable .'],
    index: [
      '-i https://index.example/simple',
      '--index-url https://index.example/simple',
      '--index-url=https://index.example/simple',
      '--extra-index-url https://evil.example/',
      '--find-links ./wheels',
      '-f https://files.example/',
      '--no-index',
      '--trusted-host files.example',
      'numpy --index-url https://evil.example',
    ],
    hash: ['numpy==1.0 --hash=sha256:00', 'numpy==1.0 --hash sha256:00'],
    option: [
      '--pre',
      '--no-binary :all:',
      '-x',
      '--',
      '-',
      'numpy --pre',
      'numpy --global-option="--x"',
      'numpy -U',
      '--config-settings=x',
    ],
    url: [
      'https://files.example/a-1.0.tar.gz',
      'numpy @ https://files.example/numpy.whl',
      'numpy@https://files.example/numpy.whl',
      'numpy [x] @ file:///etc/passwd',
      'file:///etc/passwd',
      'file:x.whl',
      'git+https://git.example/x.git',
      'git+ssh://git@git.example/x.git',
      'hg+http://hg.example/x',
      'a @ git+file:///x',
      'HTTP://files.example/a.whl',
      'ssh://x.example/y',
      'a @ //host/x',
      'a @ C:/x.whl',
    ],
    path: [
      './a',
      '../a',
      '.',
      '..',
      '/etc/passwd',
      '~/a',
      'a/b',
      'a\\b',
      'C:\\a',
      'a-1.0-py3-none-any.whl',
      'a-1.0.tar.gz',
      'a.zip',
      'requirements.txt',
      'pyproject.toml',
      '\\\\host\\share\\a.whl',
    ],
    variable: ['${HOME}', 'numpy==${VERSION}', '$(id)', 'numpy==$VERSION', '`id`', '%HOME%', 'a; os_name == "${X}"'],
    continuation: ['numpy \\', 'numpy==1.0 \\'],
    environment: ['name: my-env', 'channels:', 'dependencies:', 'prefix: /opt/conda'],
    table: ['[project]', '[build-system]', '[[tool.uv.index]]'],
    item: ['- numpy', '-  numpy=1.26=py311', '* numpy', '- pip:'],
    command: [
      'pip install numpy',
      'pip3 install numpy',
      'python -m pip install numpy',
      'python3.11 -m pip install -U numpy',
      'sudo pip install numpy',
      'uv pip install numpy',
      'uv add numpy',
      'conda install numpy',
      '!pip install numpy',
      '%pip install numpy',
      '$ pip install numpy',
      '> pip install numpy',
      'apt-get install gcc',
      'poetry add numpy',
      'numpy; rm -rf /',
      'numpy && id',
      'numpy | sh',
      'numpy || id',
      'numpy >> x',
    ],
  }
  let count = 0
  for (const [kind, lines] of Object.entries(cases))
    for (const line of lines) {
      const { code, fields } = errorOf(line)
      assert.equal(code, 'requirement-refused', line)
      assert.deepEqual(fields, { item: line, ...refusals[kind as keyof typeof refusals] }, line)
      count++
    }
  assert.ok(count > 70)
})

test('what is no requirement is invalid, with a reason that names the slip', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['', faults.empty.en],
    ['   ', faults.empty.en],
    ['# only a comment', faults.empty.en],
    ['numpy=1.2', faults.singleEquals.en],
    ['numpy 1.2', faults.operator.en],
    ['numpy v1.2', faults.operator.en],
    ['numpy>=1.0,', faults.operator.en],
    ['numpy>=1.0,,<2', faults.operator.en],
    ['numpy>=1.0 <2.0', faults.comma.en],
    ['numpy>=1.0;', faults.semicolon.en],
    ['numpy pandas', faults.several.en],
    ['numpy, pandas', faults.list.en],
    ['numpy>=1.0, pandas', faults.list.en],
    ['numpy,', faults.list.en],
    ['numpy@1.2', faults.rest('@1.2').en],
    ['numpy@latest', faults.rest('@latest').en],
    ['"numpy<2"', faults.quotes.en],
    ["'numpy'", faults.quotes.en],
    ['numpy==', faults.version('==').en],
    ['numpy==latest', faults.version('==latest').en],
    ['numpy>=1.*', faults.version('>=1.*').en],
    ['numpy~=1', faults.version('~=1').en],
    ['numpy<=1.0+local', faults.version('<=1.0+local').en],
    ['numpy==1.0.*.*', faults.version('==1.0.*.*').en],
    ['numpy=>1.0', faults.singleEquals.en],
    ['numpy=<1.0', faults.singleEquals.en],
    ['numpy><1.0', faults.version('><1.0').en],
    ['numpy[', faults.bracket.en],
    ['numpy[a', faults.bracket.en],
    ['numpy[a b]', faults.extras.en],
    ['numpy[a,,b]', faults.extras.en],
    ['numpy[-a]', faults.extras.en],
    ['numpy[*]', faults.extras.en],
    ['numpy]', faults.rest(']').en],
    ['numpy(>=1', faults.bracket.en],
    ['numpy)', faults.rest(')').en],
    ['numpy*', faults.rest('*').en],
    ['*', faults.name.en],
    ['_x', faults.name.en],
    ['numpy-', faults.name.en],
    ['numpy.', faults.name.en],
    ['==1.0', faults.name.en],
    [';os_name=="posix"', faults.name.en],
    ['[extra]', faults.name.en],
    ['a; extra == "x"', faults.extraMarker.en],
    ['a\nb', faults.lines.en],
    ['a\rb', faults.lines.en],
    ['a'.repeat(129), faults.nameTooLong.en],
    ['a'.repeat(1001), faults.tooLong(1000).en],
    [`a${Array.from({ length: 40 }, (_, at) => `!=${at}`).join(',')}`, faults.version('!=32').en],
    [`a[${Array.from({ length: 65 }, (_, at) => `x${at}`).join(',')}]`, faults.extras.en],
  ]
  for (const [line, reason] of cases) {
    assert.equal(errorOf(line).code, 'requirement-invalid', line)
    assert.equal(reasonOf(line), reason, line)
  }
})

test('a character that is not ASCII is named, also where it looks like one that is', () => {
  assert.match(reasonOf('numpy＞=1.0'), /“＞” \(U\+FF1E\)/)
  assert.match(reasonOf('numpy，pandas'), /“，” \(U\+FF0C\)/)
  assert.match(reasonOf('numру'), /“р” \(U\+0440\)/)
  assert.match(reasonOf('numpy\u00a0==1'), /character U\+00A0/)
  assert.match(reasonOf('numpy\u200b'), /character U\+200B/)
  assert.match(reasonOf('a; os_name == “posix”'), /U\+201C/)
  assert.match(reasonOf('数据'), /“数” \(U\+6570\)/)
  assert.match(reasonOf('numpy\0'), /character U\+0000/)
  assert.match(reasonOf('numpy\x1b[31m'), /character U\+001B/)
  assert.match(reasonOf('numpy🙂'), /U\+1F642/)
  // in a comment it harms nobody
  assert.equal(parseRequirement('numpy # 数值计算').text, 'numpy')
})

test('a marker that does not fit is invalid, with what stands where', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['python_version', /the marker ends where ==/],
    ['python_version >=', /the marker ends where "…"/],
    ['python_version >= 3.8', /“3\.8” stands where "…"/],
    ['python_version => "3.8"', /“=> "3\.8"” stands where/],
    ['python_version = "3.8"', /stands where ==/],
    ['python >= "3.8"', /“python” is not a marker’s variable: those are python_version/],
    ['Python_Version >= "3.8"', /is not a marker’s variable/],
    ['"a" == "b"', /compares two texts: “a” and “b”/],
    ['(os_name == "posix"', /ends where \)/],
    ['os_name == "posix")', /“\)” stands where and, or/],
    ['os_name == "posix" and', /ends where "…"/],
    ['os_name == "posix" os_name == "nt"', /stands where and, or/],
    ['os_name == "posix" && os_name == "nt"', /where and, or|command/],
    ['os_name == "posix', /where "…"/],
    ['os_name not "posix"', /where ==/],
    ['os_name == "a\\b"', /where "…"/],
    ['not os_name == "posix"', /“not” is not a marker’s variable/],
    ['os_name is "posix"', /where ==/],
    ['dependency_groups == "x"', /is not a marker’s variable/],
    [`${'('.repeat(17)}os_name == "x"${')'.repeat(17)}`, /too long/],
    [Array.from({ length: 65 }, () => 'os_name<"x"').join(' or '), /too long/],
  ]
  for (const [marker, reason] of cases) {
    const line = `a;${marker}`.slice(0, 1000)
    if (/command/.test(String(reason)) && errorOf(line).code === 'requirement-refused') continue
    assert.equal(errorOf(line).code, 'requirement-invalid', marker)
    assert.match(reasonOf(line), reason)
  }
})

test('a refusal reads well in both languages, and shows a line no longer than a message bears', () => {
  for (const line of ['numpy=1.2', '-r x', 'numpy＞1', `a${' '.repeat(900)}b\u001b[2J`]) {
    const { code, fields } = errorOf(line)
    const [english, chinese] = [explain(code, fields, 'en'), explain(code, fields, 'zh')]
    for (const text of [english, chinese])
      assert.doesNotMatch(text.message + text.hint, /undefined|\[object|[{}]|[\p{Cc}]/u)
    assert.match(chinese.message + chinese.hint, /\p{Script=Han}/u)
    assert.doesNotMatch(english.message + english.hint, /\p{Script=Han}/u)
    assert.ok(english.message.length < 400)
  }
})

test('a common slip is answered with the line put right', () => {
  for (const line of ['numpy=1.2', 'numpy 1.2', 'numpy@1.2', 'numpy = 1.2', '"numpy 1.2', 'numpy v1.2'])
    assert.equal(errorOf(line).fields.example, 'numpy==1.2', line)
})

test('blank lines and comments are none', () => {
  const asked = parseRequirements(['pandas', '', '# comment', '  ', 'NumPy>=1', 'numpy>=1 # again', 'b', 'B'])
  assert.deepEqual(
    asked.map(({ text }) => text),
    ['pandas', 'numpy>=1', 'numpy>=1', 'b', 'b'],
  )
})

test('nothing asked, too many lines, or one bad line among good ones is refused', () => {
  for (const lines of [
    [],
    ['', '# x'],
    Array.from({ length: 1001 }, () => 'a'),
    ['numpy', 'pandas', '??'],
    ['numpy', 'x=1'],
  ])
    assert.throws(() => parseRequirements(lines), { name: 'AirlockError', code: 'requirement-invalid' })
  assert.throws(() => parseRequirements(['numpy', '-r x']), { code: 'requirement-refused' })
})

test('no line makes anything but a requirement or an error of ours, and quickly', () => {
  const alphabet = fc.constantFrom(
    ...'aA1._-[],<>=!~;()"\' \t#@/\\:$`|&*+%^?{}\n\u00e9'.split(''),
    ' and ',
    ' or ',
    ' in ',
    'python_version',
    '==',
    '--',
    'git+',
    '://',
  )
  const line = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.array(alphabet, { maxLength: 40 }).map((pieces) => pieces.join('')),
  )
  const start = ownTime()
  fc.assert(
    fc.property(line, (text) => {
      try {
        const { text: canonical, name } = parseRequirement(text)
        assert.match(canonical, /^[a-z0-9][\x20-\x7e]*$/)
        assert.match(name, /^[a-z0-9]+(?:-[a-z0-9]+)*$/)
        assert.equal(parseRequirement(canonical).text, canonical)
      } catch (error) {
        if (!(error instanceof AirlockError)) throw error
      }
    }),
    { numRuns: 20_000 },
  )
  for (const text of [
    'a'.repeat(1000),
    'a:'.repeat(500),
    'a/'.repeat(500),
    `a${' '.repeat(999)}`,
    `a;${'('.repeat(998)}`,
    `a[${','.repeat(998)}`,
    '"'.repeat(1000),
    '@'.repeat(1000),
    'git+'.repeat(250),
  ])
    errorOf(text === 'a'.repeat(1000) ? `${text}a` : text.trim() === 'a' ? '' : text)
  assert.ok(ownTime() - start < 8000)
})

test('what packages declare is read as it is out there', () => {
  const read = (text: string) => {
    const requirement = parseDependency(text)
    return (
      requirement && [requirement.name, requirement.extras.join(), requirement.specifier, requirement.marker !== null]
    )
  }
  assert.deepEqual(read('Foo (>=1.0,<2)'), ['foo', '', '(>=1.0,<2)', false])
  assert.deepEqual(read('foo>=1.*'), ['foo', '', '>=1.*', false])
  assert.deepEqual(read('foo[b,a] (>=1) ; extra == "x"'), ['foo', 'a,b', '(>=1)', true])
  assert.deepEqual(read("foo; extra == 'x' and python_version < '3'"), ['foo', '', '', true])
  assert.deepEqual(read('foo @ https://files.example/foo.zip ; os_name == "posix"'), [
    'foo',
    '',
    '@ https://files.example/foo.zip',
    true,
  ])
  assert.deepEqual(read('pytz>dev'), ['pytz', '', '>dev', false])
  for (const text of ['', '-', '@ https://x.example/', ';os_name=="x"', 'foo ; nonsense', 'foo[', '数'])
    assert.equal(parseDependency(text), null, text)
})
