/** Why a requirement line is not taken, and what to write instead, in the reader's language. */
import type { Phrase } from '../errors.ts'

/** What pip would accept and Airlock does not, on purpose. */
export type Refusal = { readonly reason: Phrase; readonly instead: Phrase }

const byName: Phrase = {
  en: 'Ask for it by name and version, like numpy==1.26.4. What is in no index can be put into one that Airlock reads.',
  zh: '请按名称和版本申请，例如 numpy==1.26.4。任何索引中都没有的包，可先放入 Airlock 可读取的索引。',
}

export const refusals = {
  file: {
    reason: { en: 'other files are not read', zh: '不读取其他文件' },
    instead: { en: 'Send the lines of that file themselves.', zh: '请直接提交该文件中的各行内容。' },
  },
  editable: {
    reason: {
      en: 'an editable install is a folder of yours, not a package',
      zh: '可编辑安装指向的是本地目录，而不是软件包',
    },
    instead: {
      en: 'Ask for what that folder needs: the dependencies in its pyproject.toml, one a line.',
      zh: '请申请该目录所需的依赖：把其 pyproject.toml 中的 dependencies 逐行填写。',
    },
  },
  index: {
    reason: { en: 'which indexes are asked is Airlock’s configuration', zh: '使用哪些索引由 Airlock 的配置决定' },
    instead: {
      en: 'Leave the option out. Another index can be added to the upstreams in airlock.yaml by the admin.',
      zh: '请去掉该选项。如需其他索引，请管理员在 airlock.yaml 的 upstreams 中添加。',
    },
  },
  option: {
    reason: { en: 'options of pip are not taken', zh: '不接受 pip 的选项' },
    instead: { en: 'Write the requirement alone, like numpy==1.26.4.', zh: '请只写需求本身，例如 numpy==1.26.4。' },
  },
  hash: {
    reason: { en: 'hashes are Airlock’s to check', zh: '哈希由 Airlock 负责校验' },
    instead: {
      en: 'Write name==version alone. The request’s own requirements.txt comes with every hash.',
      zh: '请只写 名称==版本。申请完成后生成的 requirements.txt 会带有全部哈希。',
    },
  },
  otherHash: {
    reason: {
      en: 'only sha256 hashes of 64 hex digits are checked here',
      zh: '此处只校验 64 位十六进制的 sha256 哈希',
    },
    instead: { en: 'Give --hash=sha256:…, or leave the hashes out.', zh: '请使用 --hash=sha256:…，或去掉哈希。' },
  },
  url: { reason: { en: 'it names a URL', zh: '其中含有 URL' }, instead: byName },
  path: { reason: { en: 'it names a file or a folder', zh: '其中含有文件或目录路径' }, instead: byName },
  variable: {
    reason: { en: 'environment variables are not expanded', zh: '不展开环境变量' },
    instead: { en: 'Write out what it stands for.', zh: '请写出其实际内容。' },
  },
  continuation: {
    reason: { en: 'a line is not continued on the next one', zh: '不支持跨行书写' },
    instead: {
      en: 'Write each requirement on one line, without a backslash.',
      zh: '请将每条需求写在一行内，不要使用反斜杠。',
    },
  },
  environment: {
    reason: { en: 'this is a conda environment', zh: '这是 conda 环境文件' },
    instead: {
      en: 'Send what is below its “pip:”, and what else is needed by the names that pip has for it, one a line.',
      zh: '请逐行提交其中 “pip:” 下的内容；其余所需的包请改用 pip 中的名称。',
    },
  },
  table: {
    reason: { en: 'this is a TOML file, and no list of requirements', zh: '这是 TOML 文件，而不是需求列表' },
    instead: {
      en: 'Send the project’s lock as a lock, or its dependencies, one a line.',
      zh: '请以锁文件方式提交项目的锁文件，或逐行提交其 dependencies。',
    },
  },
  item: {
    reason: { en: 'it is an item of a list', zh: '这是列表中的一项' },
    instead: { en: 'Leave out what stands before the name.', zh: '请去掉名称前的符号。' },
  },
  command: {
    reason: { en: 'it is a command', zh: '这是一条命令' },
    instead: {
      en: 'Write only what follows “install”, each requirement on its own line.',
      zh: '请只写 “install” 之后的内容，每条需求一行。',
    },
  },
} as const satisfies Record<string, Refusal>

export type RefusalName = keyof typeof refusals

/** What no tool accepts. */
export const faults = {
  empty: { en: 'nothing is asked for', zh: '没有任何内容' },
  tooLong: (limit: number): Phrase => ({ en: `it is longer than ${limit} characters`, zh: `超过 ${limit} 个字符` }),
  tooMany: (limit: number): Phrase => ({ en: `there are more than ${limit} lines`, zh: `超过 ${limit} 行` }),
  /** The first character that is not printable ASCII, shown where it can be. */
  character: (character: string): Phrase => {
    const point = `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`
    const shown = /[\p{L}\p{N}\p{P}\p{S}]/u.test(character) ? `“${character}” (${point})` : point
    return {
      en: `it has the character ${shown}; only English letters, digits and signs are taken`,
      zh: `含有字符 ${shown}；只接受半角英文字母、数字和符号`,
    }
  },
  lines: { en: 'it has more than one line', zh: '包含多行' },
  name: { en: 'it does not begin with a name', zh: '开头不是软件包名' },
  nameTooLong: { en: 'the name is too long', zh: '软件包名过长' },
  extras: {
    en: 'the extras in [ ] are not names with commas between them',
    zh: '[ ] 中的 extras 应为以逗号分隔的名称',
  },
  operator: {
    en: 'a version needs an operator: ==, >=, <=, <, >, !=, ~=',
    zh: '版本前需要运算符：==、>=、<=、<、>、!=、~=',
  },
  singleEquals: { en: '“=” is not an operator, “==” is', zh: '“=” 不是运算符，应使用 “==”' },
  version: (text: string): Phrase => ({
    en: `“${text}” is not a version specifier`,
    zh: `“${text}” 不是有效的版本约束`,
  }),
  comma: { en: 'a comma is missing between two specifiers', zh: '两个版本约束之间缺少逗号' },
  bracket: { en: 'a bracket is not closed', zh: '括号未闭合' },
  several: { en: 'there is more than one requirement on the line', zh: '一行中有多条需求' },
  list: {
    en: 'a comma is no separator of requirements: write each on a line of its own',
    zh: '需求之间不用逗号分隔，请每行写一条',
  },
  quotes: { en: 'it is in quotes', zh: '外面有引号' },
  semicolon: { en: 'a marker must follow the “;”', zh: '“;” 之后应为 marker' },
  extraMarker: {
    en: 'the marker “extra” means something within a package only',
    zh: 'marker 变量 “extra” 只在软件包内部有意义',
  },
  rest: (text: string): Phrase => ({ en: `“${text}” is left over`, zh: `多出了 “${text}”` }),
} as const
