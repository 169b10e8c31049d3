/** What is wrong with a source distribution or its build, in the reader's language. */
import type { Phrase } from '../errors.ts'
import { shownName } from './zip-words.ts'

const said = (en: string, zh: string): Phrase => ({ en, zh })

export const sdistFaults = {
  form: said('its form is none that is read here', '不支持该归档格式'),
  broken: said('it is no whole archive', '不是完整的归档文件'),
  part: (name: string) => said(`its ${shownName(name)} is no plain file`, `${shownName(name)} 不是普通文件`),
  buildSystem: said(
    'its pyproject.toml has no readable [build-system] table',
    'pyproject.toml 的 [build-system] 无法读取',
  ),
} as const

/** Why nothing is built, where something would have to be. */
export const notBuilt = {
  off: said('builds are off (builds.pip in airlock.yaml)', '构建已关闭（airlock.yaml 中的 builds.pip）'),
  sandbox: (reason: string | Phrase) => {
    const { en, zh } = typeof reason === 'string' ? said(reason, reason) : reason
    return said(`there is no sandbox on this machine to build in: ${en}`, `本机没有可用于构建的沙箱：${zh}`)
  },
  project: said(
    'the configuration does not allow that they are built (builds.projects in airlock.yaml)',
    '配置不允许构建它们（airlock.yaml 中的 builds.projects）',
  ),
  large: (limit: string) =>
    said(
      `their sources are larger than ${limit} (builds.maxSource in airlock.yaml)`,
      `其源码超过 ${limit}（airlock.yaml 中的 builds.maxSource）`,
    ),
  form: said(
    'their sources are of no form that is read here, or without a SHA-256, or for another Python',
    '其源码格式不受支持、缺少 SHA-256，或适用于其他 Python',
  ),
} as const

export const buildFaults = {
  requirements: (text: string) =>
    said(`what it requires to be built cannot be had: ${text}`, `无法取得构建所需的软件包：${text}`),
  requirementInvalid: (text: string) =>
    said(`it requires ${text} to be built, which is not taken`, `构建时要求 ${text}，不予接受`),
  more: said('it requires ever more to be built', '构建所需的软件包不断增加'),
  timeout: (seconds: number) =>
    said(`it took longer than ${seconds} s (builds.seconds)`, `超过 ${seconds} 秒（builds.seconds）`),
  memory: said('it used more memory than a build may', '内存超出构建上限'),
  file: said('it wrote a larger file than a build may', '写入的文件超出构建上限'),
  killed: said(
    'it was ended for using more memory, time or processes than a build may',
    '内存、时间或进程数超出构建上限，已终止',
  ),
  log: said('it said more than a build may', '输出超出构建上限'),
  output: said('what it made is larger than a build’s result may be', '构建结果超出上限'),
  none: said('it made no wheel', '没有产生 wheel'),
  several: said('it made more than one wheel', '产生了多个 wheel'),
  name: (file: string) => said(`it made ${file}, which is another release`, `产生了 ${file}，并非该版本`),
  status: (status: number | string) => said(`it ended with ${status}`, `以 ${status} 结束`),
} as const
