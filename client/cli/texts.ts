/** Every word of the command line, in English and Chinese; `{field}` is filled in, `{field|file|files}` with its noun. */
import type { Language } from './language.ts'

export const texts = {
  // help
  about: {
    en: 'Ask an Airlock for pip and apt packages, and follow what becomes of it.',
    zh: '向 Airlock 申请 pip 与 apt 软件包，并跟踪处理进度。',
  },
  aboutRequest: { en: 'Ask for packages', zh: '申请软件包' },
  aboutPip: { en: 'Python packages, as pip understands them', zh: 'Python 软件包（pip 写法）' },
  aboutApt: { en: 'Debian packages, as apt understands them', zh: 'Debian 软件包（apt 写法）' },
  aboutStatus: { en: 'Show the latest requests, or one with all its details', zh: '查看最近的申请，或某个申请的详情' },
  aboutCancel: { en: 'Stop a request that is under way', zh: '取消进行中的申请' },
  aboutRetry: { en: 'Try a finished request again', zh: '重试已结束的申请' },
  aboutWithdraw: {
    en: 'Take back what was asked for, where that is possible (apt)',
    zh: '撤回申请过的内容（仅 apt 支持）',
  },
  aboutTargets: { en: 'List the kinds of HomePod', zh: '列出目标环境' },
  aboutTarget: {
    en: 'Kinds of HomePod, added as pods describe themselves',
    zh: '目标环境：按 HomePod 自身的描述添加',
  },
  aboutTargetAdd: {
    en: 'Add a kind of HomePod from what setup.sh --describe prints in one',
    zh: '用 HomePod 中 setup.sh --describe 的输出添加目标环境',
  },
  aboutTargetShow: { en: 'Show one, with its description', zh: '显示某个目标环境及其描述' },
  aboutTargetRemove: {
    en: 'Remove an added one; what it has published stays',
    zh: '移除已添加的目标环境；已发布的内容保留',
  },
  aboutNotify: { en: 'Who is told when something is ready, failed or held', zh: '可安装、失败或搁置时通知谁' },
  aboutNotifyList: { en: 'List them, and what waits for them', zh: '列出各通知及其待发送数量' },
  aboutNotifyTest: { en: 'Send a test notice to one', zh: '向其中之一发送测试消息' },
  aboutPackages: {
    en: 'List what is mirrored, or one package with all its details',
    zh: '列出已镜像的软件包，或某个软件包的详情',
  },
  aboutBuilds: {
    en: 'List what was built here from source, or one build with its log',
    zh: '列出在此构建的软件包，或某次构建的详情与日志',
  },
  aboutRebuild: { en: 'Write every index again', zh: '重新生成所有索引' },
  aboutVerify: { en: 'Hash every file again', zh: '重新校验所有文件' },
  aboutBackup: { en: 'Back up database, keys and configuration', zh: '备份数据库、密钥与配置' },
  aboutCompletion: {
    en: 'Print what completes this command: eval "$(airlock completion bash)"',
    zh: '输出命令补全脚本：eval "$(airlock completion bash)"',
  },
  argumentRequirements: {
    en: 'what to ask for; quote what a shell would read: {example}',
    zh: '要申请的内容；含 shell 特殊字符时请加引号：{example}',
  },
  argumentEcosystem: { en: 'pip or apt', zh: 'pip 或 apt' },
  argumentName: { en: 'a package’s name', zh: '软件包名称' },
  argumentRoots: { en: 'what was asked for, as it was written', zh: '要撤回的内容，写法与申请时相同' },
  argumentHook: { en: 'its name under notify in airlock.yaml', zh: 'airlock.yaml 的 notify 中的名称' },
  argumentBackup: {
    en: 'where to; only its owner can read it; one that is there is replaced',
    zh: '备份文件；仅其所有者可读；已有的会被替换',
  },
  argumentTarget: { en: 'the target’s name', zh: '目标环境的名称' },
  argumentDescription: { en: 'the pod’s description, or -', zh: 'HomePod 描述文件，- 为标准输入' },
  argumentShell: { en: 'bash or zsh', zh: 'bash 或 zsh' },
  argumentBuild: { en: 'a build’s number', zh: '构建编号' },
  argumentId: { en: 'a request’s number', zh: '申请编号' },
  optionTarget: { en: 'the kind of HomePod; may be repeated', zh: '目标环境，可多次给出' },
  optionOneTarget: { en: 'the kind of HomePod (default: “default”)', zh: '目标环境（默认为 “default”）' },
  optionPython: {
    en: 'which of the pod’s Pythons (default: its own default)',
    zh: '使用 HomePod 的哪个 Python（默认：其默认 Python）',
  },
  optionIndex: {
    en: 'the pip index that such pods read (default: simple)',
    zh: '此类 HomePod 读取的 pip 索引（默认：simple）',
  },
  optionOnly: { en: 'leave the other ecosystem out', zh: '只用于该生态' },
  optionRequester: { en: 'who asks (default: {user})', zh: '申请人（默认：{user}）' },
  optionNote: { en: 'a note for whoever reads the queue', zh: '说明；查看申请队列的人都能看到' },
  optionLock: {
    en: 'a lock (uv.lock, poetry.lock, Pipfile.lock, pylock.toml, requirements with hashes): exactly its files',
    zh: '锁文件（uv.lock、poetry.lock、Pipfile.lock、pylock.toml 或带哈希的 requirements）：只取其中的文件',
  },
  optionFile: { en: 'a file of what to ask for, or -', zh: '列出申请内容的文件，- 为标准输入' },
  optionConstraints: {
    en: 'a file of bounds on whatever is pulled in, or -',
    zh: '约束依赖版本的文件，- 为标准输入',
  },
  optionYes: { en: 'fetch it however large it is', zh: '无论多大都下载' },
  optionRefresh: { en: 'ask upstream anew, however new the last answer is', zh: '重新查询上游源，不用近期的结果' },
  optionWait: { en: 'wait until it is finished', zh: '等待直到结束' },
  optionTimeout: { en: 'with --wait: wait no longer than this', zh: '与 --wait 同用：最长等待时间（秒）' },
  optionJson: { en: 'print the API’s JSON as it is', zh: '原样输出 API 的 JSON' },
  optionState: {
    en: 'only requests in this state, or “unfinished”',
    zh: '只显示处于该状态的申请，或 unfinished（未结束）',
  },
  optionLimit: { en: 'how many, at most 200', zh: '显示条数，最多 200' },
  optionText: { en: 'only names with this in them', zh: '只显示名称中含有该文本的软件包' },
  optionLimitMany: { en: 'how many of each ecosystem', zh: '每个生态的显示条数' },
  optionOffline: {
    en: 'work on the state itself, without asking a server',
    zh: '不经服务器，直接处理本机状态',
  },
  optionHelp: { en: 'show help', zh: '显示帮助' },
  optionVersion: { en: 'show the version', zh: '显示版本' },
  titleUsage: { en: 'Usage:', zh: '用法：' },
  titleCommands: { en: 'Commands:', zh: '命令：' },
  titleOptions: { en: 'Options:', zh: '选项：' },
  titleArguments: { en: 'Arguments:', zh: '参数：' },
  wordOptions: { en: '[options]', zh: '[选项]' },
  wordCommand: { en: '[command]', zh: '[命令]' },
  afterHelp: {
    en: `
On the server’s machine:
  airlock serve | mirror | doctor | config [explain] | restore FILE [--force]

The console is asked at AIRLOCK_CONSOLE_URL (now {url}).
Exit codes: 0 done or ready, 1 failed, 2 wrong usage, 3 the state is in use,
            4 cancelled, 5 another problem, 6 the wait ended first,
            7 nothing answers, 130 Ctrl-C.
            Of several requests, the lowest but 0 counts.`,
    zh: `
在服务器上：
  airlock serve | mirror | doctor | config [explain] | restore FILE [--force]

控制台地址取自 AIRLOCK_CONSOLE_URL（当前为 {url}）。
退出码：0 完成或可安装，1 失败，2 用法错误，3 状态正被使用，4 已取消，
        5 其他问题，6 等待提前结束，7 无法连接，130 Ctrl-C。
        多个申请时取非 0 的最小值。`,
  },
  // wrong usage
  usageUnknownOption: { en: 'There is no option “{what}”.', zh: '没有选项 “{what}”。' },
  usageUnknownCommand: { en: 'There is no command “{what}”.', zh: '没有命令 “{what}”。' },
  usageWhichEcosystem: {
    en: 'Say whose package it is: `airlock request pip {what}` or `airlock request apt {what}`.',
    zh: '请指明软件包的生态：`airlock request pip {what}` 或 `airlock request apt {what}`。',
  },
  usageNear: { en: '{problem} Did you mean {near}?', zh: '{problem}是否想用 {near}？' },
  wordOr: { en: ' or ', zh: ' 或 ' },
  usageMissing: { en: '{what} is missing.', zh: '缺少 {what}。' },
  usageMissingValue: { en: '{what} needs a value.', zh: '{what} 需要一个值。' },
  usageExcess: { en: 'There are too many arguments.', zh: '参数过多。' },
  usageOther: { en: 'The command line is not understood: {what}.', zh: '无法理解命令行：{what}。' },
  usageId: { en: '“{value}” is not a request’s number.', zh: '“{value}” 不是申请编号。' },
  usageLimit: {
    en: '--limit takes a number from 1 to 200, not “{value}”.',
    zh: '--limit 应为 1 到 200 的整数，而不是 “{value}”。',
  },
  usageLimitMany: {
    en: '--limit takes a number from 1 to 999999, not “{value}”.',
    zh: '--limit 应为 1 到 999999 的整数，而不是 “{value}”。',
  },
  usageEcosystem: { en: 'There is no ecosystem “{value}”: pip or apt.', zh: '没有生态 “{value}”，请用 pip 或 apt。' },
  usageShell: {
    en: 'There is no completion for “{value}”: bash or zsh.',
    zh: '没有 “{value}” 的补全脚本，请用 bash 或 zsh。',
  },
  usageName: { en: '“{value}” is not a package’s name.', zh: '“{value}” 不是软件包名称。' },
  usageTimeout: {
    en: '--timeout takes a number of seconds, not “{value}”.',
    zh: '--timeout 应为秒数，而不是 “{value}”。',
  },
  usageState: { en: 'There is no state “{value}”. States: {known}.', zh: '没有状态 “{value}”。可用状态：{known}。' },
  usageWaitForWhat: {
    en: 'Say which request to wait for: airlock status ID --wait.',
    zh: '请指明要等待的申请：airlock status ID --wait。',
  },
  standardInput: { en: 'standard input', zh: '标准输入' },
  aboutLock: { en: 'Turn the addresses in a lock into others', zh: '转换锁文件中的地址' },
  aboutLockUpstream: {
    en: 'From Airlock’s into upstream’s, for a project’s repository',
    zh: '把 Airlock 的地址转换为上游地址，用于项目仓库',
  },
  aboutLockAirlock: {
    en: 'From upstream’s into Airlock’s, for use in a HomePod',
    zh: '把上游地址转换为 Airlock 的地址，用于 HomePod',
  },
  argumentLock: { en: 'a lock, or -', zh: '锁文件，- 为标准输入' },
  optionWrite: { en: 'into the file itself instead of standard output', zh: '写回文件本身，而不是输出到标准输出' },
  optionMirror: { en: 'the mirror as the lock calls it', zh: '锁文件中使用的镜像地址' },
  optionLockIndex: { en: 'the index that pods read (simple)', zh: 'HomePod 读取的索引（simple）' },
  lockConverted: { en: '{count|address|addresses} turned.', zh: '已转换 {count} 个地址。' },
  lockMissing: {
    en: 'Not here yet: {names}. Ask for them first: airlock request pip --lock {file}',
    zh: '尚不在此：{names}。请先申请：airlock request pip --lock {file}',
  },
  usageWriteWhere: {
    en: '--write needs a file, and goes without --json.',
    zh: '--write 需要文件，且不能与 --json 同用。',
  },
  usageLockAlone: {
    en: 'A lock is all that is asked for: --lock goes without -r and -c.',
    zh: '锁文件即全部申请内容：--lock 不能与 -r、-c 同用。',
  },
  usageFileUnread: { en: '{file} cannot be read ({reason}).', zh: '无法读取 {file}（{reason}）。' },
  usageFileText: { en: '{file} is not UTF-8 text.', zh: '{file} 不是 UTF-8 文本。' },
  usageFileEmpty: { en: '{file} asks for nothing.', zh: '{file} 中没有申请任何内容。' },
  usageFileOrNames: {
    en: 'Give either what to ask for or a file of it (-r), not both.',
    zh: '申请内容与文件（-r）只能二选一。',
  },
  usageInputTwice: { en: 'Standard input can be only one of -r and -c.', zh: '标准输入只能用于 -r 与 -c 之一。' },
  usageConstraintsLong: {
    en: 'The {count} constraints are too many to go beside a file: give what to ask for as arguments instead of with -r.',
    zh: '约束共 {count} 条，无法随文件一起提交：请不用 -r，直接以参数给出申请内容。',
  },
  usageHelp: { en: 'See `{command} --help`.', zh: '请查看 `{command} --help`。' },
  urlInvalid: {
    en: 'AIRLOCK_CONSOLE_URL={value} is not an http or https URL.',
    zh: 'AIRLOCK_CONSOLE_URL={value} 不是 http 或 https 地址。',
  },
  urlInvalidHint: { en: 'Write it like http://airlock.example:8081.', zh: '请写成 http://airlock.example:8081 这样。' },
  // the server
  unreachable: { en: 'Nothing answers at {url} ({reason}).', zh: '{url} 没有响应（{reason}）。' },
  unreachableHint: {
    en: 'Start Airlock there with `airlock serve`, or set AIRLOCK_CONSOLE_URL to where its console is.',
    zh: '请在该处用 `airlock serve` 启动 Airlock，或将 AIRLOCK_CONSOLE_URL 设为其控制台地址。',
  },
  broken: {
    en: 'The connection to {url} broke before the answer came ({reason}).',
    zh: '与 {url} 的连接在收到应答前中断（{reason}）。',
  },
  brokenHint: {
    en: 'What was asked may have been done all the same: see `airlock status`.',
    zh: '请求可能已被执行，请用 `airlock status` 查看。',
  },
  notAirlock: {
    en: 'What answers at {url} is not Airlock’s console ({what}).',
    zh: '{url} 上的并不是 Airlock 控制台（{what}）。',
  },
  notAirlockHint: {
    en: 'Set AIRLOCK_CONSOLE_URL to where the console is; a proxy on the way may also answer in its place.',
    zh: '请将 AIRLOCK_CONSOLE_URL 设为控制台地址；也可能是途中的代理代为应答。',
  },
  lost: {
    en: 'The server at {url} does not answer ({reason}); trying again for {seconds} s …',
    zh: '{url} 上的服务器没有响应（{reason}），将在 {seconds} 秒内继续尝试……',
  },
  found: { en: 'The server answers again.', zh: '服务器已恢复响应。' },
  offline: {
    en: 'No server answers at {url}, so the state is worked on here.',
    zh: '{url} 没有服务器响应，直接在本机处理状态。',
  },
  offlineElsewhere: {
    en: 'Run it on the server’s machine; with --offline it works on this machine’s own state.',
    zh: '请在服务器上运行；如需处理本机状态，请加 --offline。',
  },
  // requests
  asked: {
    en: 'Request {id} ({what} for {target}): {state}.',
    zh: '申请 {id}（{what}，目标环境 {target}）：{state}。',
  },
  askedHint: { en: 'Follow it with: airlock status {id} --wait', zh: '跟踪进度：airlock status {id} --wait' },
  line: { en: 'request {id} ({target}): {state}', zh: '申请 {id}（{target}）：{state}' },
  lineFiles: { en: '{files}/{total|file|files}', zh: '{files}/{total} 个文件' },
  lineLeft: { en: '{time} left', zh: '剩余 {time}' },
  ready: {
    en: 'Request {id} is ready for {target}{size}. Install it in the pod:',
    zh: '申请 {id} 可安装（目标环境 {target}）{size}。在 HomePod 中安装：',
  },
  readyNothing: { en: 'Request {id} is done for {target}.', zh: '申请 {id}（目标环境 {target}）已完成。' },
  readySize: { en: ' ({files|file|files}, {bytes})', zh: '，共 {files} 个文件、{bytes}' },
  readyFiles: { en: ' ({files|file|files})', zh: '，共 {files} 个文件' },
  'ended:failed': { en: 'Request {id} for {target} failed{why}', zh: '申请 {id}（目标环境 {target}）失败{why}' },
  'ended:rejected': {
    en: 'Request {id} for {target} was rejected{why}',
    zh: '申请 {id}（目标环境 {target}）被拒绝{why}',
  },
  'ended:cancelled': {
    en: 'Request {id} for {target} was cancelled{why}',
    zh: '申请 {id}（目标环境 {target}）已取消{why}',
  },
  logId: { en: 'In the server’s log: {id}', zh: '服务器日志中的编号：{id}' },
  why: { en: ': {message}', zh: '：{message}' },
  whyUnknown: { en: '.', zh: '。' },
  cancelledNow: { en: 'Request {id} is {state}.', zh: '申请 {id} {state}。' },
  waitTimeout: { en: 'The time is up; still under way: {ids}.', zh: '等待时间已到，仍在进行：{ids}。' },
  waitStopped: { en: 'No longer waiting; still under way: {ids}.', zh: '已停止等待，仍在进行：{ids}。' },
  waitHint: {
    en: 'It goes on by itself. Follow it with: airlock status {id} --wait',
    zh: '处理会继续进行。跟踪进度：airlock status {id} --wait',
  },
  none: { en: 'There are no requests.', zh: '没有申请。' },
  noneLike: { en: 'There are no requests in the state {state}.', zh: '没有处于 {state} 状态的申请。' },
  more: { en: 'There are more: --limit {limit}', zh: '还有更多：--limit {limit}' },
  noPackages: { en: 'Nothing is mirrored yet.', zh: '尚未镜像任何软件包。' },
  noPackagesLike: {
    en: 'Nothing that is mirrored has “{text}” in its name.',
    zh: '没有名称含 “{text}” 的已镜像软件包。',
  },
  packageAskers: { en: 'Asked for by:', zh: '申请：' },
  packageAsker: { en: '{requester}, request {id}, {at}', zh: '{requester}，申请 {id}，{at}' },
  packageAlong: { en: 'Along with:', zh: '随申请带入：' },
  packageNeededBy: { en: 'Needed by:', zh: '被谁依赖：' },
  noHooks: { en: 'Nobody is told: airlock.yaml has no notify.', zh: '未通知任何人：airlock.yaml 中没有 notify。' },
  hookTested: { en: '{hook} has taken the test notice.', zh: '{hook} 已接收测试消息。' },
  targetAdded: { en: 'Target {target} is there from now on:', zh: '目标环境 {target} 已可使用：' },
  targetRemoved: {
    en: 'Target {target} is removed. What it has published stays.',
    zh: '已移除目标环境 {target}。已发布的内容保留。',
  },
  targetAside: { en: 'Target {target} is not offered: {why}', zh: '目标环境 {target} 未提供：{why}' },
  targetFrom: { en: 'from', zh: '来源' },
  targetIndex: { en: 'address', zh: '地址' },
  targetAddedAt: { en: 'added', zh: '添加于' },
  // tables and details
  columnId: { en: 'ID', zh: '编号' },
  columnState: { en: 'STATE', zh: '状态' },
  columnTarget: { en: 'TARGET', zh: '目标环境' },
  columnRequester: { en: 'REQUESTER', zh: '申请人' },
  columnCreated: { en: 'CREATED', zh: '提交时间' },
  columnRequirements: { en: 'REQUIREMENTS', zh: '内容' },
  rowFailed: { en: '{asked}: {cause}', zh: '{asked}：{cause}' },
  columnProject: { en: 'PACKAGE', zh: '软件包' },
  columnVersion: { en: 'VERSION', zh: '版本' },
  columnSize: { en: 'SIZE', zh: '大小' },
  columnHere: { en: 'HERE', zh: '状态' },
  columnNeededBy: { en: 'NEEDED BY', zh: '被谁依赖' },
  columnFiles: { en: 'FILES', zh: '文件数' },
  columnFile: { en: 'FILE', zh: '文件' },
  columnAdded: { en: 'ADDED', zh: '加入时间' },
  columnName: { en: 'NAME', zh: '名称' },
  columnEcosystem: { en: 'ECOSYSTEM', zh: '生态' },
  columnSummary: { en: 'WHAT IT IS', zh: '说明' },
  columnKind: { en: 'KIND', zh: '类型' },
  columnOn: { en: 'ON', zh: '事件' },
  columnWaiting: { en: 'WAITING', zh: '待发送' },
  columnIndex: { en: 'INDEX', zh: '索引' },
  detailTitle: { en: 'Request {id}: {what} for {target}', zh: '申请 {id}：{what}，目标环境 {target}' },
  detailState: { en: 'State:', zh: '状态：' },
  detailAsked: { en: 'Asked for:', zh: '内容：' },
  detailBy: { en: 'By:', zh: '申请人：' },
  detailNote: { en: 'Note:', zh: '说明：' },
  detailFiles: { en: 'Files:', zh: '文件：' },
  detailUpdates: { en: 'Updates of what is here:', zh: '已有内容的更新：' },
  detailInstall: { en: 'In the pod:', zh: '在 HomePod 中：' },
  detailHistory: { en: 'Who did what:', zh: '操作记录：' },
  'act:asked': { en: 'asked by {who}', zh: '{who} 提交' },
  'act:retried': { en: 'tried again by {who}', zh: '{who} 重试' },
  'act:cancelled': { en: 'cancelled by {who}', zh: '{who} 取消' },
  detailTimeline: { en: 'Timeline', zh: '时间线' },
  detailClosure: { en: 'What it brings', zh: '依赖全集' },
  detailRemarks: { en: 'Remarks', zh: '提示' },
  detailProblem: { en: 'Problem', zh: '问题' },
  detailWaiting: { en: 'Waiting', zh: '等待' },
  askedFor: { en: 'asked for', zh: '直接申请' },
  isNew: { en: 'new', zh: '新增' },
  isBuilt: { en: 'built here', zh: '本地构建' },
  isSource: { en: 'to be built', zh: '待构建' },
  isUpdate: { en: 'update', zh: '更新' },
  isHere: { en: 'here', zh: '已有' },
  provedOther: { en: '{version}, the pod gets {proved}', zh: '{version}，实际安装 {proved}' },
  unknown: { en: '?', zh: '未知' },
  nobody: { en: '-', zh: '-' },
  // maintenance
  rebuilt: {
    en: '{checked|file|files} checked, {written} written again.',
    zh: '检查了 {checked} 个文件，重写 {written} 个。',
  },
  verified: { en: '{checked|file|files} checked.', zh: '校验了 {checked} 个文件。' },
  backedUp: { en: '{file}: {count|file|files}, {size}.', zh: '{file}：{count} 个文件，{size}。' },
  backupOutside: {
    en: '{file} is named by the configuration and not in the backup: keep it by other means.',
    zh: '配置引用了 {file}，但备份中不包含它：请另行保存。',
  },
  backupElsewhere: { en: 'the server is another machine', zh: '服务器在另一台机器上' },
  backupNotTaken: {
    en: 'The backup is made, but could not be taken to {file} ({reason}). It lies on the server in {made}.',
    zh: '备份已生成，但无法移到 {file}（{reason}）。它位于服务器上的 {made}。',
  },
  backupNotTakenHint: {
    en: 'Take it from there, as the server’s own user. It holds secrets and is never sent over a network.',
    zh: '请以服务器进程的用户从该处取走。其中含有秘密，不会通过网络发送。',
  },
  damaged: { en: 'Damaged ({count}):', zh: '损坏（{count}）：' },
  unknownFiles: { en: 'Not Airlock’s ({count}):', zh: '非 Airlock 所有（{count}）：' },
  // builds
  noBuilds: { en: 'Nothing was built here yet.', zh: '尚未在此构建任何软件包。' },
  columnResult: { en: 'RESULT', zh: '结果' },
  columnTook: { en: 'TOOK', zh: '用时' },
  buildResult: { en: 'Result:', zh: '结果：' },
  buildTook: { en: 'Took:', zh: '用时：' },
  buildSource: { en: 'Source:', zh: '源码：' },
  buildRequirements: { en: 'Built with:', zh: '构建依赖：' },
  buildBuilder: { en: 'By:', zh: '构建环境：' },
  buildProblem: { en: 'Problem:', zh: '问题：' },
  buildSilent: { en: 'It said nothing.', zh: '没有输出。' },
  lineBuilding: { en: '{built}/{total} built, now {what}', zh: '已构建 {built}/{total}，正在构建 {what}' },
  // states
  'state:unfinished': { en: 'unfinished', zh: '未结束' },
  'state:queued': { en: 'queued', zh: '排队中' },
  'state:solving': { en: 'solving', zh: '解析依赖' },
  'state:awaiting-approval': { en: 'awaiting approval', zh: '待审批' },
  'state:downloading': { en: 'downloading', zh: '下载中' },
  'state:building': { en: 'building', zh: '构建中' },
  'state:proving': { en: 'proving', zh: '安装验证' },
  'state:publishing': { en: 'publishing', zh: '发布中' },
  'state:ready': { en: 'ready', zh: '可安装' },
  'state:failed': { en: 'failed', zh: '失败' },
  'state:rejected': { en: 'rejected', zh: '已拒绝' },
  'state:cancelled': { en: 'cancelled', zh: '已取消' },
  withdrawal: { en: 'withdraw {what}', zh: '撤回 {what}' },
  done: { en: 'done', zh: '已完成' },
  withdrawn: { en: 'withdrawn', zh: '已撤回' },
} as const satisfies Readonly<Record<string, Readonly<Record<Language, string>>>>

export type Text = keyof typeof texts
export type Fields = Readonly<Record<string, string | number>>

/** A text of the language, with its fields filled in. */
export function createWords(language: Language) {
  return (text: Text, fields: Fields = {}): string =>
    texts[text][language].replace(
      /\{([A-Za-z]+)(?:\|([a-z]+)\|([a-z]+))?\}/g,
      (whole, name: string, one?: string, many?: string) => {
        const field = String(fields[name] ?? whole)
        return one === undefined ? field : `${field} ${field === '1' ? one : many}`
      },
    )
}

export type Words = ReturnType<typeof createWords>
