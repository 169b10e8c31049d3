/**
 * The one list of codes, with what each says in both languages. `{name}` stands for the error's field of that name,
 * `{size:name}` for a number of bytes, `{state:name}` for a request's state. A code is stable once released; its words
 * may get better.
 */
import type { State } from '../storage/records.ts'

export type Language = 'en' | 'zh'

/** What went wrong and why; what to do about it. */
export type Text = { readonly message: string; readonly hint: string }
type Texts = Readonly<Record<Language, Text>>

/** What a request's state is called, here as on the page and the command line. */
export const stateWords: Readonly<Record<State, Readonly<Record<Language, string>>>> = {
  queued: { en: 'queued', zh: '排队中' },
  solving: { en: 'solving', zh: '解析依赖' },
  'awaiting-approval': { en: 'awaiting approval', zh: '待审批' },
  downloading: { en: 'downloading', zh: '下载中' },
  building: { en: 'building', zh: '构建中' },
  proving: { en: 'proving', zh: '安装验证' },
  publishing: { en: 'publishing', zh: '发布中' },
  ready: { en: 'ready', zh: '可安装' },
  failed: { en: 'failed', zh: '失败' },
  rejected: { en: 'rejected', zh: '已拒绝' },
  cancelled: { en: 'cancelled', zh: '已取消' },
}

export const codes = {
  // what a client of the API sent
  'request-invalid': {
    en: {
      message: 'The request is not of the documented form: {reason}.',
      hint: 'See /api/openapi.json for the form.',
    },
    zh: { message: '请求格式不正确：{reason}。', hint: '格式见 /api/openapi.json。' },
  },
  'requirement-invalid': {
    en: {
      message: '{at}“{item}” is not a requirement: {reason}.',
      hint: 'Write a name, optionally with extras, versions and a marker: {example}.',
    },
    zh: {
      message: '{at}“{item}” 不是有效的需求：{reason}。',
      hint: '请写软件包名，可带 extras、版本范围和 marker，例如：{example}。',
    },
  },
  'requirement-refused': {
    en: { message: '{at}“{item}” is not taken: {reason}.', hint: '{instead}' },
    zh: { message: '{at}不接受 “{item}”：{reason}。', hint: '{instead}' },
  },
  'ecosystem-unknown': {
    en: { message: 'There is no ecosystem “{ecosystem}” here.', hint: 'Known: {known}.' },
    zh: { message: '此处没有 “{ecosystem}” 这种生态。', hint: '可用：{known}。' },
  },
  'target-unknown': {
    en: {
      message: 'There is no target “{target}” for {ecosystem}.',
      hint: 'Known targets: {known}. Targets are set in airlock.yaml, or added as a pod describes itself: `airlock target add`.',
    },
    zh: {
      message: '{ecosystem} 没有名为 “{target}” 的目标环境。',
      hint: '已有目标环境：{known}。目标环境在 airlock.yaml 中配置，或按 HomePod 的描述添加：`airlock target add`。',
    },
  },
  'request-unknown': {
    en: { message: 'There is no request {id}.', hint: 'List them with `airlock status` or GET /api/requests.' },
    zh: { message: '没有编号为 {id} 的申请。', hint: '可用 `airlock status` 或 GET /api/requests 查看。' },
  },
  'package-not-mirrored': {
    en: {
      message: 'No {ecosystem} package called “{name}” is here.',
      hint: 'Ask for it: `airlock request {ecosystem} {name}`.',
    },
    zh: {
      message: '此处没有名为 “{name}” 的 {ecosystem} 软件包。',
      hint: '可以申请：`airlock request {ecosystem} {name}`。',
    },
  },
  'request-finished': {
    en: {
      message: 'Request {id} is already {state:state}.',
      hint: 'Only a request that is still under way can be cancelled.',
    },
    zh: { message: '申请 {id} 已处于 “{state:state}” 状态。', hint: '只有进行中的申请可以取消。' },
  },
  'request-unfinished': {
    en: { message: 'Request {id} is still {state:state}.', hint: 'Wait for it, or cancel it first.' },
    zh: { message: '申请 {id} 仍处于 “{state:state}” 状态。', hint: '请等待其结束，或先取消。' },
  },
  'route-unknown': {
    en: { message: 'There is nothing at {method} {path}.', hint: 'The API is described at /api/openapi.json.' },
    zh: { message: '{method} {path} 不存在。', hint: 'API 说明见 /api/openapi.json。' },
  },
  'host-refused': {
    en: {
      message: 'The console does not answer to the host name “{host}”.',
      hint: 'Use the address of AIRLOCK_CONSOLE_URL, or set it to the name you use.',
    },
    zh: {
      message: '控制台不接受主机名 “{host}”。',
      hint: '请使用 AIRLOCK_CONSOLE_URL 中的地址，或把它设为您使用的名字。',
    },
  },
  'origin-refused': {
    en: {
      message: 'The console takes changes from its own pages and from command lines only.',
      hint: 'Send the request from the console’s own page, or without Origin and Sec-Fetch-Site headers.',
    },
    zh: {
      message: '控制台只接受来自自身页面或命令行的修改请求。',
      hint: '请从控制台页面发出请求，或不要携带 Origin 与 Sec-Fetch-Site 请求头。',
    },
  },
  'media-type-unsupported': {
    en: { message: 'The body’s type “{type}” is not taken here.', hint: 'Send {accepted}.' },
    zh: { message: '此处不接受类型为 “{type}” 的请求体。', hint: '请发送 {accepted}。' },
  },
  'headers-too-large': {
    en: { message: 'The request’s headers are larger than 16 kB.', hint: 'Send less in the query and in cookies.' },
    zh: { message: '请求头超过 16 kB。', hint: '请减少查询参数与 cookie 的内容。' },
  },
  'body-too-large': {
    en: { message: 'The body is larger than {limit} bytes.', hint: 'Ask for fewer packages at once.' },
    zh: { message: '请求体超过 {limit} 字节。', hint: '请减少一次申请的软件包数量。' },
  },
  'queue-full': {
    en: {
      message: 'The queue holds {limit} unfinished requests, its most.',
      hint: 'Try again when some have finished.',
    },
    zh: { message: '申请队列已满（{limit} 个未完成的申请）。', hint: '请待部分申请完成后再试。' },
  },
  // what the solver found
  'package-not-found': {
    en: { message: 'No package is called “{name}”.', hint: 'Check the spelling. {near}' },
    zh: { message: '没有名为 “{name}” 的软件包。', hint: '请检查拼写。{near}' },
  },
  'pip-release-missing': {
    en: { message: 'No release meets {root}.', hint: 'The newest are: {known}. {local}' },
    zh: { message: '没有符合 {root} 的版本。', hint: '最新版本：{known}。{local}' },
  },
  'pip-release-unusable': {
    en: {
      message: 'No release of {root} has a file for {target} (Python {python}, {platform}).',
      hint: '{instead}',
    },
    zh: {
      message: '{root} 的各版本都没有适用于目标环境 {target}（Python {python}，{platform}）的文件。',
      hint: '{instead}',
    },
  },
  unsatisfiable: {
    en: {
      message: 'The requirements cannot be met together on {target}:\n{explanation}',
      hint: 'Loosen a version, or ask for another target.',
    },
    zh: {
      message: '在目标环境 {target} 上无法同时满足这些需求：\n{explanation}',
      hint: '请放宽版本要求，或选择其他目标环境。',
    },
  },
  'sdist-needs-build': {
    en: {
      message: 'These exist only as source for {target}: {projects}. Needed by: {dependants}.',
      hint: 'They are not built here: {reason}. Ask for a release that has a wheel, or have a wheel built and put into an index that Airlock reads.',
    },
    zh: {
      message: '以下软件包在 {target} 上只有源码包：{projects}。依赖它们的是：{dependants}。',
      hint: '此处不构建它们：{reason}。请选择带 wheel 的版本，或先构建 wheel 并放入 Airlock 可读取的索引。',
    },
  },
  'build-failed': {
    en: {
      message: '{project} {version} exists only as source, and its build failed: {reason}.',
      hint: '{instead} {log}',
    },
    zh: { message: '{project} {version} 只有源码包，且构建失败：{reason}。', hint: '{instead} {log}' },
  },
  'build-needs-target': {
    en: {
      message:
        '{project} {version} exists only as source, and what was built of it, {file}, is for {builder}, not for {target} ({wanted}).',
      hint: 'Compiled packages are built by a Python of the target’s own kind. Install one on the machine that Airlock runs on, with its headers, and name it in builds.pythons of airlock.yaml; or ask for a release that has a wheel.',
    },
    zh: {
      message: '{project} {version} 只有源码包，而其构建结果 {file} 适用于 {builder}，不适用于 {target}（{wanted}）。',
      hint: '编译型软件包须由与目标环境相同的 Python 构建。请在运行 Airlock 的机器上安装该 Python 及其头文件，并写入 airlock.yaml 的 builds.pythons；或选择带 wheel 的版本。',
    },
  },
  'builds-too-many': {
    en: {
      message: 'More than {limit} releases would have to be built, one leading to the next.',
      hint: 'Pin what you need to releases that exist, or ask for them one after the other.',
    },
    zh: {
      message: '需要依次构建的版本超过 {limit} 个。',
      hint: '请锁定所需版本，或分次申请。',
    },
  },
  'build-unknown': {
    en: { message: 'There is no build {id}.', hint: 'List them with `airlock builds` or GET /api/builds.' },
    zh: { message: '没有编号为 {id} 的构建。', hint: '可用 `airlock builds` 或 GET /api/builds 查看。' },
  },
  'lock-invalid': {
    en: { message: '{file} is not taken as a lock: {reason}.', hint: '{instead}' },
    zh: { message: '{file} 无法作为锁文件使用：{reason}。', hint: '{instead}' },
  },
  'lock-address-unknown': {
    en: {
      message: 'Line {line} of the lock has {address}, which is Airlock’s, and nothing upstream answers to it.',
      hint: 'Only files that Airlock fetched have an address upstream: what was built here or put here by hand has none. Check that --mirror is the address that the lock was made with.',
    },
    zh: {
      message: '锁文件第 {line} 行的 {address} 是 Airlock 的地址，在上游没有对应的地址。',
      hint: '只有 Airlock 下载的文件才有上游地址；在本地构建或手工放入的文件没有。请确认 --mirror 与生成锁文件时使用的地址一致。',
    },
  },
  'mirror-unnamed': {
    en: {
      message: 'The mirror’s address is not known here.',
      hint: 'Give it with --mirror, or set AIRLOCK_MIRROR_URL to what pods call it.',
    },
    zh: {
      message: '此处不知道镜像的地址。',
      hint: '请用 --mirror 指定，或把 AIRLOCK_MIRROR_URL 设为 HomePod 使用的地址。',
    },
  },
  'lock-file-gone': {
    en: {
      message:
        'The lock wants {project} {version}, and {origin} no longer has any of the {count} files that it allows.',
      hint: 'The release was withdrawn or its files were replaced upstream. Lock the project anew with another version, and ask again.',
    },
    zh: {
      message: '锁文件要求 {project} {version}，但 {origin} 已没有其允许的 {count} 个文件中的任何一个。',
      hint: '该版本在上游被撤回，或其文件已被替换。请改用其他版本重新生成锁文件，再次申请。',
    },
  },
  'locks-not-taken': {
    en: {
      message: 'Locks are read for pip only, not for {ecosystem}.',
      hint: 'Ask for the packages by name and version.',
    },
    zh: { message: '锁文件仅支持 pip，不支持 {ecosystem}。', hint: '请按名称和版本申请软件包。' },
  },
  'hash-unmatched': {
    en: {
      message: 'None of the files of {project} {version} that {target} accepts has a hash that was given for it.',
      hint: 'Add the hash of a wheel for that target, or leave the hashes out.',
    },
    zh: {
      message: '{project} {version} 中 {target} 可用的文件均不符合所给的哈希。',
      hint: '请加入适用于该目标环境的 wheel 的哈希，或去掉哈希。',
    },
  },
  'wheel-not-accepted': {
    en: {
      message: '{project} {version} has no wheel that {target} accepts.',
      hint: 'Ask for another version, or correct the target’s Python, platform or tags.',
    },
    zh: {
      message: '{project} {version} 没有 {target} 可用的 wheel。',
      hint: '请选择其他版本，或更正目标环境的 Python、平台或标签。',
    },
  },
  'digest-missing': {
    en: {
      message: 'Upstream “{origin}” lists {file} without a SHA-256.',
      hint: 'Airlock takes nothing that it cannot check. Ask the owner of that index to publish digests.',
    },
    zh: {
      message: '上游源 “{origin}” 列出的 {file} 没有 SHA-256。',
      hint: 'Airlock 不接受无法校验的文件，请联系该索引的维护者发布摘要。',
    },
  },
  'solver-failed': {
    en: {
      message: '{solver} ended unexpectedly ({status}): {output}',
      hint: 'Retry. If it stays, the server’s log has the details.',
    },
    zh: { message: '{solver} 异常退出（{status}）：{output}', hint: '请重试；若仍失败，请查看服务器日志。' },
  },
  'sandbox-failed': {
    en: {
      message: 'The sandbox could not be set up: {reason}.',
      hint: 'Run `airlock doctor`: it makes one and says what is missing.',
    },
    zh: {
      message: '无法建立沙箱：{reason}。',
      hint: '请运行 `airlock doctor`：它会试建一个并说明缺少什么。',
    },
  },
  // what upstream did
  'upstream-unreachable': {
    en: {
      message: 'Upstream {host} could not be reached: {reason}.',
      hint: 'Check Airlock’s network and proxy, then retry. What was fetched is kept.',
    },
    zh: {
      message: '无法连接上游源 {host}：{reason}。',
      hint: '请检查 Airlock 的网络与代理后重试，已下载的内容会保留。',
    },
  },
  'upstream-status': {
    en: { message: 'Upstream {host} answered {status} for {what}.', hint: 'Retry later. What was fetched is kept.' },
    zh: { message: '上游源 {host} 对 {what} 返回 {status}。', hint: '请稍后重试，已下载的内容会保留。' },
  },
  'upstream-missing': {
    en: {
      message: 'No upstream is configured that could have {project}.',
      hint: 'Set upstreams.pip.default.url in airlock.yaml, or install pip for the python3 on PATH.',
    },
    zh: {
      message: '没有可提供 {project} 的上游源。',
      hint: '请在 airlock.yaml 中设置 upstreams.pip.default.url，或为 PATH 上的 python3 安装 pip。',
    },
  },
  'upstream-host-refused': {
    en: {
      message: 'Upstream points to {host}, which Airlock may not ask: {reason}.',
      hint: 'If that host is right, add it to the upstreams in airlock.yaml.',
    },
    zh: {
      message: '上游源指向 {host}，但 Airlock 不允许访问：{reason}。',
      hint: '如该主机可信，请在 airlock.yaml 的 upstreams 中添加。',
    },
  },
  'upstream-answer-invalid': {
    en: {
      message: 'Upstream {host} sent an answer for {what} that Airlock cannot read: {reason}.',
      hint: 'Retry later; if it stays, the upstream is broken or is not a package index.',
    },
    zh: {
      message: '上游源 {host} 对 {what} 的应答无法解析：{reason}。',
      hint: '请稍后重试；若仍如此，则该上游源有故障或并非软件包索引。',
    },
  },
  'digest-mismatch': {
    en: {
      message: '{file} is not what it should be: SHA-256 {found} instead of {expected}.',
      hint: 'Nothing of it was kept. A mirror or proxy on the way may be broken, or worse: tell the admin.',
    },
    zh: {
      message: '{file} 与预期不符：SHA-256 为 {found}，应为 {expected}。',
      hint: '文件未保留。途中的镜像或代理可能有故障甚至被篡改，请告知管理员。',
    },
  },
  'size-mismatch': {
    en: {
      message: '{file} has {found} bytes where {expected} were stated.',
      hint: 'Nothing of it was kept. Retry later.',
    },
    zh: { message: '{file} 的大小为 {found} 字节，应为 {expected} 字节。', hint: '文件未保留，请稍后重试。' },
  },
  'artifact-too-large': {
    en: {
      message: '{file} is larger than {limit} bytes.',
      hint: 'Raise download.maxFile in airlock.yaml if it should be taken.',
    },
    zh: { message: '{file} 超过 {limit} 字节。', hint: '如需接受该文件，请在 airlock.yaml 中调大 download.maxFile。' },
  },
  'artifact-invalid': {
    en: {
      message: '{file} is refused: {reason}.',
      hint: 'The file is not well formed. Ask for another version, or tell its authors.',
    },
    zh: { message: '拒绝 {file}：{reason}。', hint: '文件格式不规范，请选择其他版本或告知其作者。' },
  },
  'digest-changed': {
    en: {
      message: 'Upstream now offers other bytes for {file}: SHA-256 {found}, here since {since}: {expected}.',
      hint: 'The file that is here stays. A release must never change: tell the admin before anyone trusts the new one.',
    },
    zh: {
      message: '上游源的 {file} 内容已改变：现为 SHA-256 {found}，此处自 {since} 起为 {expected}。',
      hint: '已有文件保持不变。已发布的文件不应改变，请先告知管理员。',
    },
  },
  // apt's own
  'apt-source-refused': {
    en: {
      message: 'The source {uri} ({place}) is not taken: it is neither http, https nor file.',
      hint: 'Remove it from the target’s sources, or name the archive by its http or https address.',
    },
    zh: {
      message: '不接受软件源 {uri}（{place}）：只支持 http、https 与 file。',
      hint: '请从目标环境的 sources 中移除，或改用其 http 或 https 地址。',
    },
  },
  'apt-sources-missing': {
    en: { message: 'Target “{target}” has no apt sources.', hint: 'Set targets.{target}.apt.sources in airlock.yaml.' },
    zh: {
      message: '目标环境 “{target}” 没有 apt 软件源。',
      hint: '请在 airlock.yaml 中设置 targets.{target}.apt.sources。',
    },
  },
  'apt-file-missing': {
    en: {
      message: '{path}, named by {place}, cannot be read: {reason}.',
      hint: 'Give a path that exists, or the text itself.',
    },
    zh: { message: '无法读取 {place} 指定的 {path}：{reason}。', hint: '请给出存在的路径，或直接写入内容。' },
  },
  'apt-update-failed': {
    en: {
      message: 'The archives of target “{target}” cannot be read now ({repositories}):\n{explanation}',
      hint: 'Nothing of a doubtful archive is used. Retry later; if it stays, tell the admin which archive it is.',
    },
    zh: {
      message: '目前无法读取目标环境 “{target}” 的软件源（{repositories}）：\n{explanation}',
      hint: '可疑的软件源内容不会被使用。请稍后重试；若仍失败，请把软件源名称告知管理员。',
    },
  },
  'apt-conflict': {
    en: {
      message: '{roots} cannot be installed on {target} beside what others asked for earlier:\n{explanation}',
      hint: 'Ask for another version, or ask the admin to withdraw what conflicts.',
    },
    zh: {
      message: '{roots} 与目标环境 {target} 上先前的申请冲突，无法同时提供：\n{explanation}',
      hint: '请改用其他版本，或请管理员撤回与之冲突的软件包。',
    },
  },
  'apt-package-virtual': {
    en: { message: '“{name}” is a virtual package: others provide it.', hint: 'Ask for one of them: {known}.' },
    zh: { message: '“{name}” 是虚拟软件包，由其他软件包提供。', hint: '请申请其中之一：{known}。' },
  },
  'apt-version-missing': {
    en: { message: '{name} has no version {version} on {target}.', hint: 'Versions there: {known}.' },
    zh: { message: '目标环境 {target} 上没有 {name} 的 {version} 版本。', hint: '可用版本：{known}。' },
  },
  'apt-architecture-unknown': {
    en: { message: '{root}: {target} has no architecture {architecture}.', hint: 'Architectures there: {known}.' },
    zh: { message: '{root}：目标环境 {target} 没有 {architecture} 架构。', hint: '可用架构：{known}。' },
  },
  'withdrawal-unsupported': {
    en: {
      message: 'Nothing can be withdrawn from {ecosystem}: its indexes only grow.',
      hint: 'What is no longer wanted harms nobody there. It can be done for: {known}.',
    },
    zh: {
      message: '{ecosystem} 不支持撤回：其索引只增不减。',
      hint: '不再需要的内容留在其中并无妨碍。支持撤回的生态：{known}。',
    },
  },
  'apt-archive-weak': {
    en: {
      message: 'A pod of {target} would refuse the archive {archive} itself: {reason}.',
      hint: 'Airlock signs anew, so pods that read only Airlock are not affected. Tell the owner of the archive.',
    },
    zh: {
      message: '目标环境 {target} 的 HomePod 若直接使用 {archive} 会拒绝它：{reason}。',
      hint: 'Airlock 会重新签名，只使用 Airlock 的 HomePod 不受影响。请告知该仓库的维护者。',
    },
  },
  'apt-root-unknown': {
    en: {
      message: '{root} is not among what was asked for on {target}.',
      hint: 'See what was asked for with `airlock status`, and name it as it was written there.',
    },
    zh: {
      message: '{root} 不在目标环境 {target} 的申请之列。',
      hint: '可用 `airlock status` 查看申请内容，并按其中的写法给出名称。',
    },
  },
  'clock-behind': {
    en: {
      message: 'The clock stands {seconds} s before the last publication of {target}.',
      hint: 'Pods ignore an index that is older than the one they know, so Airlock waits. Check this machine’s clock.',
    },
    zh: {
      message: '系统时钟比 {target} 的上次发布早 {seconds} 秒。',
      hint: '客户端会忽略更旧的索引，因此 Airlock 会等待。请检查本机时钟。',
    },
  },
  'root-installed': {
    en: { message: '{root} is in the image of {target} already (version {version}).', hint: '' },
    zh: { message: '{root} 已包含在 {target} 的容器镜像中（版本 {version}）。', hint: '' },
  },
  'root-held': {
    en: {
      message: '{root} stays as it is on {target}, without updates: {reason}',
      hint: 'Ask for another version of it.',
    },
    zh: { message: '{target} 上的 {root} 已搁置，不再更新：{reason}', hint: '请申请其他版本。' },
  },
  'root-not-bare': {
    en: { message: '{root} installs on the image of {target} only, not on a bare system:\n{explanation}', hint: '' },
    zh: { message: '{root} 只能安装在 {target} 的容器镜像上，裸系统无法安装：\n{explanation}', hint: '' },
  },
  // what this machine could not do
  'disk-full': {
    en: {
      message: 'The disk of {folder} has {size:free} free, {size:needed} are needed.',
      hint: 'Free some space; Airlock goes on by itself. What is here is still served.',
    },
    zh: {
      message: '{folder} 所在磁盘剩余 {size:free}，需要 {size:needed}。',
      hint: '请释放空间，Airlock 会自动继续；已有内容仍可安装。',
    },
  },
  'closure-too-large': {
    en: { message: '{files} files of {size:bytes} would have to be fetched: {reason}.', hint: '{instead}' },
    zh: { message: '需要下载 {files} 个文件，共 {size:bytes}：{reason}。', hint: '{instead}' },
  },
  'proof-failed': {
    en: {
      message: 'The request would not install from the mirror alone:\n{explanation}',
      hint: 'Nothing was published. Retry; if it stays, tell the admin: the index may lack something.',
    },
    zh: {
      message: '仅凭镜像无法安装该申请：\n{explanation}',
      hint: '没有发布任何内容。请重试；若仍失败，请告知管理员。',
    },
  },
  'state-locked': {
    en: {
      message: 'Another Airlock owns the state in {folder}.',
      hint: 'Stop it first, or give this one another AIRLOCK_STATE.',
    },
    zh: {
      message: '{folder} 中的状态已被另一个 Airlock 占用。',
      hint: '请先停止它，或为本实例设置其他 AIRLOCK_STATE。',
    },
  },
  'state-unusable': {
    en: { message: 'The state in {folder} cannot be used: {reason}.', hint: '{instead}' },
    zh: { message: '无法使用 {folder} 中的状态：{reason}。', hint: '{instead}' },
  },
  'config-invalid': {
    en: { message: '{file}:{line}: {path}: {reason}.', hint: '{expected}' },
    zh: { message: '{file}:{line}: {path}：{reason}。', hint: '{expected}' },
  },
  'setting-invalid': {
    en: { message: '{name}={value} is not right: {reason}.', hint: '{expected}' },
    zh: { message: '{name}={value} 不正确：{reason}。', hint: '{expected}' },
  },
  'python-missing': {
    en: {
      message: 'No Python 3 was found for the default target: {reason}.',
      hint: 'Install python3, set AIRLOCK_PYTHON, or set a target’s python and platform in airlock.yaml.',
    },
    zh: {
      message: '未找到默认目标环境所需的 Python 3：{reason}。',
      hint: '请安装 python3、设置 AIRLOCK_PYTHON，或在 airlock.yaml 中给出目标环境的 python 与 platform。',
    },
  },
  'address-unusable': {
    en: { message: 'Airlock cannot listen on {address}: {reason}.', hint: 'Set {setting} to a free address.' },
    zh: { message: 'Airlock 无法监听 {address}：{reason}。', hint: '请把 {setting} 设为可用地址。' },
  },
  cancelled: {
    en: { message: 'The request was cancelled.', hint: 'Retry it to go on; what was fetched is kept for a day.' },
    zh: { message: '申请已取消。', hint: '可重试继续；已下载的内容保留一天。' },
  },
  // backups
  'backup-unwritable': {
    en: {
      message: 'The backup cannot be written to {file}: {reason}.',
      hint: 'Give a place on a disk with room enough.',
    },
    zh: { message: '无法将备份写入 {file}：{reason}。', hint: '请指定空间足够的磁盘位置。' },
  },
  'backup-invalid': {
    en: { message: '{file} cannot be restored: {reason}.', hint: 'Nothing was changed. Use another backup.' },
    zh: { message: '无法恢复 {file}：{reason}。', hint: '没有作任何改动。请使用其他备份。' },
  },
  'backup-missing': {
    en: { message: 'There is no file {file}.', hint: 'Give the path of what `airlock backup` has written.' },
    zh: { message: '没有文件 {file}。', hint: '请给出 `airlock backup` 所写文件的路径。' },
  },
  'state-not-empty': {
    en: {
      message: 'There is a state in {folder} already: {found}.',
      hint: 'Give an empty AIRLOCK_STATE, or --force: what is there is then moved aside, not deleted.',
    },
    zh: {
      message: '{folder} 中已有状态：{found}。',
      hint: '请指定空的 AIRLOCK_STATE，或使用 --force：现有内容会移到一旁，不会删除。',
    },
  },
  // notices
  'notice-failed': {
    en: {
      message: 'The hook “{hook}” did not take the notice: {reason}.',
      hint: 'Check its knobs under notify in airlock.yaml, then try `airlock notify test {hook}`.',
    },
    zh: {
      message: '通知 “{hook}” 未被接收：{reason}。',
      hint: '请检查 airlock.yaml 中 notify 的相应设置，然后执行 `airlock notify test {hook}`。',
    },
  },
  'notice-hook-unknown': {
    en: { message: 'There is no hook “{hook}”.', hint: 'Known: {known}. Hooks are set under notify in airlock.yaml.' },
    zh: { message: '没有名为 “{hook}” 的通知。', hint: '可用：{known}。通知在 airlock.yaml 的 notify 中配置。' },
  },
  // targets that pods describe
  'pod-description-invalid': {
    en: { message: 'Line {line} of the pod’s description: {reason}.', hint: '{instead}' },
    zh: { message: 'HomePod 描述第 {line} 行：{reason}。', hint: '{instead}' },
  },
  'pod-python-unknown': {
    en: {
      message: 'The pod’s description does not say which Python it is for{python}.',
      hint: 'Name one of its Pythons with --python: {known}.',
    },
    zh: {
      message: 'HomePod 描述没有指明使用哪个 Python{python}。',
      hint: '请用 --python 指定其中之一：{known}。',
    },
  },
  'pod-source-refused': {
    en: {
      message: 'Line {line} of the pod’s description: {place}: {uri} is not an archive that this Airlock may ask.',
      hint: 'Allow it under upstreams.apt in airlock.yaml, with its keys, and restart; or take the source out of the description; or leave apt out with --only pip.',
    },
    zh: {
      message: 'HomePod 描述第 {line} 行：{place}：{uri} 不是此 Airlock 可以访问的归档。',
      hint: '请在 airlock.yaml 的 upstreams.apt 中允许它并给出密钥，然后重启；或从描述中删去该源；或用 --only pip 不含 apt。',
    },
  },
  'pod-empty': {
    en: {
      message: 'The pod’s description has nothing that a target could be made of.',
      hint: 'Run `setup.sh --describe` in the pod itself; it lists each Python with pip, and apt’s sources.',
    },
    zh: {
      message: 'HomePod 描述中没有可用来建立目标环境的内容。',
      hint: '请在 HomePod 内运行 `setup.sh --describe`；它会列出每个带 pip 的 Python 与 apt 软件源。',
    },
  },
  'target-taken': {
    en: {
      message: 'There is a target “{target}” already, from {source}.',
      hint: 'Choose another name; what the configuration names stays as it says. An added one can be removed first.',
    },
    zh: {
      message: '已有名为 “{target}” 的目标环境，来自 {source}。',
      hint: '请换一个名称；配置中的目标环境以配置为准。后来添加的可以先移除。',
    },
  },
  'targets-full': {
    en: { message: '{limit} targets have been added already.', hint: 'Remove those that no pod needs any more.' },
    zh: { message: '已添加 {limit} 个目标环境。', hint: '请移除不再需要的目标环境。' },
  },
  'target-not-added': {
    en: {
      message: 'There is no added target “{target}”.',
      hint: 'Added: {known}. Those of the configuration are changed in airlock.yaml.',
    },
    zh: {
      message: '没有名为 “{target}” 的已添加目标环境。',
      hint: '已添加：{known}。配置中的目标环境请在 airlock.yaml 中修改。',
    },
  },
  'target-in-use': {
    en: {
      message: 'Requests for the target “{target}” are under way: {requests}.',
      hint: 'Cancel them or wait for their end, then remove it.',
    },
    zh: {
      message: '目标环境 “{target}” 仍有进行中的申请：{requests}。',
      hint: '请取消或等待其结束，然后再移除。',
    },
  },
  // what a user should know of a request that succeeds
  'root-withdrawn': {
    en: { message: '{root} was withdrawn from {target}: ask for it again to have it there.', hint: '' },
    zh: { message: '{root} 已从目标环境 {target} 撤回；如需使用，请重新申请。', hint: '' },
  },
  'root-not-applicable': {
    en: { message: '{root} is not needed on {target}: its marker does not apply there.', hint: '' },
    zh: { message: '{root} 在目标环境 {target} 上不需要：其 marker 不适用。', hint: '' },
  },
  'release-yanked': {
    en: {
      message:
        '{project} {version} was yanked by its authors{reason}. It comes because exactly this release is asked for.',
      hint: '',
    },
    zh: { message: '{project} {version} 已被其作者撤下（yanked）{reason}。因需求指明该版本，仍会提供。', hint: '' },
  },
  'extra-unknown': {
    en: { message: '{project} {version} has no extra {extras}, so that it brings nothing. {known}.', hint: '' },
    zh: { message: '{project} {version} 没有名为 {extras} 的 extra，因此不会带来任何内容。{known}。', hint: '' },
  },
  'kept-back': {
    en: { message: '{project} comes as {version}, although {newest} is out: {reason}', hint: '' },
    zh: { message: '{project} 只能安装 {version}，而最新版为 {newest}：{reason}', hint: '' },
  },
  imports: {
    en: { message: 'Tried out here in a sandbox: {modules} imported in {seconds} s.', hint: '' },
    zh: { message: '已在此处的沙箱中试用：导入 {modules} 用时 {seconds} 秒。', hint: '' },
  },
  'import-fails': {
    en: { message: '{root} installs, but {module} cannot be imported here: {reason}', hint: '' },
    zh: { message: '{root} 可以安装，但在此处无法导入 {module}：{reason}', hint: '' },
  },
  'import-lacks-library': {
    en: {
      message:
        '{root} installs, but {module} cannot be imported here: the shared library {library} is missing. {instead}',
      hint: '',
    },
    zh: { message: '{root} 可以安装，但在此处无法导入 {module}：缺少共享库 {library}。{instead}', hint: '' },
  },
  'upstream-stale': {
    en: { message: 'Upstream {origin} could not be asked; this is solved from its pages as last seen.', hint: '' },
    zh: { message: '无法访问上游源 {origin}；本次按其最近一次的页面解析。', hint: '' },
  },
  internal: {
    en: {
      message: 'Airlock failed in a way it did not expect.',
      hint: 'Nothing was published. Retry; the server’s log has the details.',
    },
    zh: { message: 'Airlock 遇到未预期的错误。', hint: '没有发布任何内容。请重试；详情见服务器日志。' },
  },
} as const satisfies Record<string, Texts>
