import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFile, splitRequirements, wordAt } from '../../client/page/ask/lines.ts'
import { understand } from '../../client/page/ask/paste.ts'
import { ownTime } from '../support/own-time.ts'

const understood: readonly (readonly [
  what: string,
  text: string,
  ecosystem: 'pip' | 'apt',
  names: readonly string[],
])[] = [
  [
    'pip that finds nothing',
    'ERROR: Could not find a version that satisfies the requirement nosuch (from versions: none)\nERROR: No matching distribution found for nosuch',
    'pip',
    ['nosuch'],
  ],
  [
    'pip that finds no version',
    'Looking in indexes: http://airlock.example/pip/simple/\nERROR: Could not find a version that satisfies the requirement numpy<2,>=1.26 (from versions: 2.0.0, 2.1.0)\nERROR: No matching distribution found for numpy<2,>=1.26',
    'pip',
    ['numpy<2,>=1.26'],
  ],
  [
    'pip with extras and colours',
    '\u{1b}[31mERROR: No matching distribution found for fastapi[standard]==0.1\u{1b}[0m',
    'pip',
    ['fastapi[standard]==0.1'],
  ],
  [
    'uv',
    '  × No solution found when resolving dependencies:\n  ╰─▶ Because nosuch was not found in the package registry and you require nosuch, we can conclude …',
    'pip',
    ['nosuch'],
  ],
  [
    'a traceback',
    'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\n    import cv2\nModuleNotFoundError: No module named \'cv2\'',
    'pip',
    ['opencv-python'],
  ],
  ['a traceback of a submodule', "ModuleNotFoundError: No module named 'sklearn.svm'", 'pip', ['scikit-learn']],
  ['a module named like its project', "ImportError: No module named 'flash_attn'", 'pip', ['flash-attn']],
  [
    'apt',
    'Reading package lists... Done\nE: Unable to locate package ffmpeg\nE: Unable to locate package libgl1',
    'apt',
    ['ffmpeg', 'libgl1'],
  ],
  ['apt without a candidate', "E: Package 'python3.7-dev' has no installation candidate", 'apt', ['python3.7-dev']],
  [
    'apt that tries a pattern',
    "E: Unable to locate package libssl1.1\nE: Couldn't find any package by glob 'libssl1.1'",
    'apt',
    ['libssl1.1'],
  ],
  ['apt in Chinese', '正在读取软件包列表... 完成\nE: 无法定位软件包 ffmpeg', 'apt', ['ffmpeg']],
  ['apt without a candidate in Chinese', 'E: 软件包 nginx 没有可安装候选', 'apt', ['nginx']],
  ['a version that is not there', "E: Version '9.9' for 'cmake' was not found", 'apt', ['cmake']],
  ['a shell', 'bash: ffmpeg: command not found', 'apt', ['ffmpeg']],
  ['a shell with a line number', 'bash: line 1: ifconfig: command not found', 'apt', ['net-tools']],
  ['zsh', 'zsh: command not found: htop', 'apt', ['htop']],
  [
    'a command',
    'pip install jupyterlab "numpy<2" --index-url http://pypi.example/simple',
    'pip',
    ['jupyterlab', 'numpy<2'],
  ],
  [
    'a command with a prompt',
    '(base) lin@pod:~$ python3 -m pip install -U transformers datasets',
    'pip',
    ['transformers', 'datasets'],
  ],
  ['a notebook', '!pip install -q torch', 'pip', ['torch']],
  ['uv pip', 'uv pip install polars', 'pip', ['polars']],
  [
    'several commands',
    'apt-get update && echo\nsudo apt-get install -y --no-install-recommends ffmpeg libsm6\nsudo apt install libxext6',
    'apt',
    ['ffmpeg', 'libsm6', 'libxext6'],
  ],
  ['a command with another after it', 'pip install black && black .', 'pip', ['black']],
  ['a requirements file named in a command', 'pip install -r requirements.txt tqdm', 'pip', ['tqdm']],
]

for (const [what, text, ecosystem, names] of understood)
  test(`${what} is understood`, () => assert.deepEqual(understand(text), { ecosystem, names }))

for (const [what, text] of [
  ['a plain list', 'numpy\npandas'],
  ['a requirements file', '# tools\nnumpy>=1.26\npandas[excel]==2.2.0 ; python_version >= "3.9"\n'],
  ['nothing', ''],
  ['prose', 'please install numpy for me'],
  ['a command that installs nothing', 'pip install -r requirements.txt'],
  ['a hundred thousand dots', '.'.repeat(100_000)],
  ['more than anybody pastes', 'E: Unable to locate package a'.repeat(10_000)],
] as const)
  test(`${what} is taken as it is`, () => assert.equal(understand(text), null))

test('hostile output ends in a proposal or in none, soon', () => {
  for (const text of [
    `ERROR: No matching distribution found for ${'a'.repeat(50_000)}`,
    "E: Unable to locate package '".repeat(5000),
    `pip install ${'-'.repeat(50_000)}`,
    `pip install ${'"'.repeat(9999)}`,
    `${'$ '.repeat(20_000)}pip install x`,
    `No module named '<img src=x onerror=alert(1)>'`,
  ]) {
    const begun = ownTime()
    const found = understand(text)
    assert.ok(ownTime() - begun < 500, text.slice(0, 40))
    for (const name of found?.names ?? []) assert.doesNotMatch(name, /[<>"'`](?!=)/)
  }
})

const split: readonly (readonly [string, 'pip' | 'apt', readonly string[]])[] = [
  ['jupyterlab, numpy<2', 'pip', ['jupyterlab', 'numpy<2']],
  ['numpy >= 1.26 , < 2', 'pip', ['numpy>=1.26,<2']],
  ['numpy>=1,<2 pandas', 'pip', ['numpy>=1,<2', 'pandas']],
  ['fastapi[standard, all]', 'pip', ['fastapi[standard,all]']],
  ['numpy，pandas、scipy', 'pip', ['numpy', 'pandas', 'scipy']],
  ['a ; python_version >= "3.9"', 'pip', ['a ; python_version >= "3.9"']],
  ['# nothing\n\n  \nnumpy # why', 'pip', ['numpy']],
  ['numpy==1.26.4 \\\n    --hash=sha256:00 \\\n    --hash=sha256:11\npandas', 'pip', ['numpy==1.26.4', 'pandas']],
  ['--require-hashes\n--only-binary :all:\n--prefer-binary\nx', 'pip', ['x']],
  ['-i http://pypi.example/simple\nx', 'pip', ['-i http://pypi.example/simple', 'x']],
  ['--extra-index-url=http://pypi.example/simple\nx', 'pip', ['--extra-index-url=http://pypi.example/simple', 'x']],
  ['--only-binary numpy', 'pip', ['--only-binary numpy']],
  ['-r other.txt', 'pip', ['-r other.txt']],
  ['x @ https://files.example/x.whl', 'pip', ['x @ https://files.example/x.whl']],
  ['ffmpeg libgl1,libsm6\ncmake=3.25', 'apt', ['ffmpeg', 'libgl1', 'libsm6', 'cmake=3.25']],
]
for (const [text, ecosystem, lines] of split)
  test(`${JSON.stringify(text)} is ${lines.length} for ${ecosystem}`, () =>
    assert.deepEqual(splitRequirements(text, ecosystem), lines))

test('only what a file alone can say makes a file', () => {
  assert.ok(isFile('numpy==1 --hash=sha256:00'))
  assert.ok(isFile('numpy\n-c constraints.txt'))
  assert.ok(!isFile('numpy\nscikit-learn --'))
})

test('a name is completed at the caret, a version and an option are not', () => {
  assert.deepEqual(wordAt('numpy, pan', 10), { from: 7, word: 'pan' })
  for (const text of ['n', '', 'numpy<2', 'numpy ==1.2', '-r', 'numpy '])
    assert.equal(wordAt(text, text.length), null, text)
  assert.equal(wordAt('pandas', 3), null)
})
