/** What the server's own commands take and do, for whoever asks and for whoever is wrong. Opens nothing. */
import type { Language, Phrase } from './errors.ts'

/** By the words that a command begins with. */
const usages: Readonly<Record<string, { readonly takes: string; readonly about: Phrase }>> = {
  serve: {
    takes: '',
    about: {
      en: 'Runs Airlock: console, queue and mirror. It owns AIRLOCK_STATE and writes AIRLOCK_ROOT.',
      zh: '运行 Airlock：控制台、申请队列与镜像。持有 AIRLOCK_STATE，写入 AIRLOCK_ROOT。',
    },
  },
  mirror: {
    takes: '',
    about: {
      en: 'Runs the mirror alone. It reads AIRLOCK_ROOT and nothing else.',
      zh: '单独运行镜像。只读取 AIRLOCK_ROOT。',
    },
  },
  doctor: {
    takes: ' [--json]',
    about: {
      en: 'Looks at everything that a server needs and says what to do; changes nothing. Exits with 1 where something fails.',
      zh: '检查服务器所需的一切并说明如何处理；不作任何改动。有故障时退出码为 1。',
    },
  },
  'config explain': {
    takes: ' [--json]',
    about: {
      en: 'Says of each setting what it is, where that comes from and why it is so.',
      zh: '说明每项设置的值、来源与理由。',
    },
  },
  config: {
    takes: '',
    about: {
      en: 'Prints the settings in force as JSON. `airlock config explain` says where they come from.',
      zh: '以 JSON 输出当前设置。`airlock config explain` 说明其来源。',
    },
  },
  rebuild: {
    takes: '',
    about: {
      en: 'Writes every index again, where no server runs; prints JSON.',
      zh: '在没有服务器运行时重新生成所有索引；以 JSON 输出结果。',
    },
  },
  verify: {
    takes: '',
    about: {
      en: 'Hashes every file again, where no server runs; prints JSON.',
      zh: '在没有服务器运行时重新校验所有文件；以 JSON 输出结果。',
    },
  },
  backup: {
    takes: ' FILE',
    about: {
      en: 'Writes database, keys and configuration into FILE, where no server runs; prints JSON. A file that is there is replaced.',
      zh: '在没有服务器运行时，把数据库、密钥与配置写入 FILE；以 JSON 输出结果。已有的文件会被替换。',
    },
  },
  restore: {
    takes: ' FILE [--force]',
    about: {
      en: 'Makes a state of a backup, where no server runs; prints JSON. A state that is there is refused; with --force it is moved aside, not deleted. Run `airlock rebuild` afterwards.',
      zh: '在没有服务器运行时，由备份恢复状态；以 JSON 输出结果。已有状态时会拒绝；使用 --force 则把它移到一旁，不会删除。随后请运行 `airlock rebuild`。',
    },
  },
}

const texts = {
  en: { usage: 'Usage: ', wrong: (line: string) => `airlock: The command line is not understood: ${line}.` },
  zh: { usage: '用法：', wrong: (line: string) => `airlock: 无法理解命令行：${line}。` },
} as const

/** What `--help` says: of the command that the words begin with, else of all. */
export function helpOf([first = '', second = '']: readonly string[], language: Language): string {
  const name = [`${first} ${second}`, first].find((one) => Object.hasOwn(usages, one))
  const line = `${texts[language].usage}${lineOf(name === undefined ? Object.keys(usages) : [name])}\n`
  return name === undefined ? line : `${line}\n${usages[name]!.about[language]}\n`
}

/** What is told where the words are no command of ours. */
export function wrongUsage(words: readonly string[], language: Language): string {
  const { usage, wrong } = texts[language]
  const given = words.join(' ').replaceAll(/\p{Control}+/gu, ' ')
  const all = Object.keys(usages)
  const near = all.filter((name) => name.split(' ')[0] === words[0])
  return `${words.length === 0 ? '' : `${wrong(given)}\n  `}${usage}${lineOf(near.length > 0 ? near : all)}\n`
}

function lineOf(names: readonly string[]): string {
  return `airlock ${names.map((name) => name + usages[name]!.takes).join(' | ')}`
}
