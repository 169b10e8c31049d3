/** Why settings are as they are: the environment's in both languages, and the Chinese of what `knobs.ts` says beside each knob. */
import type { Phrase } from './errors.ts'

export const environment = {
  AIRLOCK_ROOT: {
    en: 'the folder that pods read, by the mirror or as a mount',
    zh: 'HomePod 读取的目录，可经镜像或挂载',
  },
  AIRLOCK_STATE: {
    en: 'database, keys and caches: a local disk, since locks and fsync must hold, and never readable by a pod',
    zh: '数据库、密钥与缓存：锁与 fsync 须可靠，故应在本地磁盘上，且 HomePod 不可读',
  },
  AIRLOCK_MIRROR_LISTEN: {
    en: 'what pods may reach; off where the mirror runs apart; loopback until somebody opens it',
    zh: 'HomePod 可访问的地址；镜像独立运行时为 off；默认仅 loopback，需主动开放',
  },
  AIRLOCK_CONSOLE_LISTEN: {
    en: 'where people ask; pods must not reach it, so it is loopback until somebody opens it',
    zh: '供人提交申请；HomePod 不应能访问，故默认仅 loopback',
  },
  AIRLOCK_MIRROR_URL: {
    en: 'what pods call the mirror, where that differs',
    zh: 'HomePod 访问镜像所用的地址（如有不同）',
  },
  AIRLOCK_CONSOLE_URL: {
    en: 'what people call the console, where that differs; also whom the command line asks',
    zh: '他人访问控制台所用的地址（如有不同）；命令行也使用它',
  },
  AIRLOCK_PYTHON: { en: 'what the default target is read from', zh: '默认目标环境取自于此' },
  AIRLOCK_CONFIG: { en: 'where the settings below are read from', zh: '以下设置的来源文件' },
  AIRLOCK_LOG: { en: 'how much the server says on stderr', zh: '服务器在 stderr 上输出的详细程度' },
} as const satisfies Readonly<Record<string, Phrase>>

export const proxy: Phrase = { en: 'how upstream is reached', zh: '访问上游源所经的代理' }

/** By the knob's place, `*` standing for a name that people choose. */
export const knobsInChinese: Readonly<Record<string, string>> = {
  upstreams: '本机客户端自身所用的上游源',
  'upstreams.pip.*.url': 'default 未给出时，取本机 pip 所用的索引',
  'upstreams.pip.*.projects': '索引只提供信任其提供的项目；default 提供其余全部',
  'upstreams.pip.*.files': '该索引的文件还存放在哪里：除自身外，其链接只能指向公网主机',
  'upstreams.apt': '除目标环境自身读取的归档外没有其他',
  'upstreams.apt.*.url': '除此处配置的目标环境外，由 HomePod 描述而来的目标环境可以读取的归档',
  'upstreams.apt.*.signedBy': '用于验证它的密钥：路径或 armored 文本；否则用本机受信密钥，因为描述不能决定密钥',
  targets: '本机自身，因为 Airlock 与 HomePod 使用同一镜像',
  'targets.*.pip.python': 'requires-python 也按补丁版本判断',
  'targets.*.pip.platform': 'HomePod 的 C 库与处理器能够加载的平台',
  'targets.*.pip.implementation': '镜像中自带的实现',
  'targets.*.pip.tags': 'HomePod 自己的 pip 最清楚；否则由 python 与 platform 推算',
  'targets.*.pip.index': 'wheel 互不矛盾的目标环境共用一个索引',
  'targets.*.pip.installed': 'HomePod 的 pip freeze，作为软性偏好',
  'targets.*.apt.architectures': '取自本机；第一个是 HomePod 自身的',
  'targets.*.apt.sources': '取自本机；每项为路径，或 apt 任一格式的文本',
  'targets.*.apt.keyrings': '取自本机的受信密钥；路径或 armored 密钥，因为 HomePod 的密钥未必在此',
  'targets.*.apt.preferences': '取自本机；给出 sources 时没有；每项为路径或文本',
  'targets.*.apt.status': '镜像已安装的内容：路径、dpkg status 文本或 none；取自本机，给出 sources 时为 none',
  'targets.*.apt.recommends': '与本机 apt 相同；apt 自身默认为 true',
  'targets.*.apt.complete': '空白或略有差异的 HomePod 也能安装，代价是更多磁盘',
  'targets.*.apt.updateAfter': '归档快照的使用秒数；归档一天变化几次',
  'download.parallel': '同时 4、8、16 个，实测速度相同',
  'download.perHost': '浏览器为自己设定的上限；镜像站限制更严',
  'download.maxFile': '最大的 CUDA wheel 有 3 GB',
  'download.confirmAbove': '无需确认即可下载的上限：高于任何 CUDA 依赖全集，低于意外的用量',
  'download.overlap': '不超过该大小的 wheel 在求解时即开始下载；更大的错了代价太高',
  'download.keepFree': '低于此值停止下载；提供服务从不停止',
  names: '不会因为有人输入而询问上游源',
  'names.pip': '除此处已知的名称外，补全还可提供的内容；整份列表并非为某个人而请求',
  'gateway.port': '求解器的缓存以 URL 为键，故保持不变',
  reuse: '多少小时内直接复用先前的结果；精确锁定的总是复用',
  'queue.solves': '求解多半在等待上游源，而不是计算',
  'queue.unfinished': '队列有界：申请过多时会得到明确的拒绝',
}
