/** The page that a person sees at `/`: what this is, how to use it, how to ask for more. English, then Chinese. */
import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { segmentPattern } from '../../storage/layout.ts'
import { nullIfAbsent, type Door } from './door.ts'

export type Front = { readonly etag: string; readonly body: Buffer; readonly policy: string }

const style = `
body { max-width: 44rem; margin: 3rem auto; padding: 0 1rem; font: 16px/1.6 system-ui, sans-serif; color-scheme: light dark }
pre { padding: .75rem 1rem; overflow-x: auto; border: 1px solid #8884; border-radius: 6px; font-size: 14px }
section + section { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid #8884 }
`
/** Allows the one style by its hash, and nothing else. */
const policy = `default-src 'none'; frame-ancestors 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`

const hostPattern = /^(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/
const loopback = new Set(['localhost', '127.0.0.1', '[::1]'])

export function createFront(
  door: Door,
  { mirrorUrl, consoleUrl }: { readonly mirrorUrl: string | null; readonly consoleUrl: string | null },
) {
  /** `host` is the request's Host header: what the reader calls us, when nobody configured it. */
  return function front(host: string | undefined): Front {
    const isHost = host !== undefined && hostPattern.test(host) && URL.canParse(`http://${host}`)
    const called = isHost ? host : 'localhost'
    const base = mirrorUrl ?? `http://${called}`
    const body = Buffer.from(render(base, consoleUrl, folders(door, 'pip', ['simple']), folders(door, 'apt', [])))
    return { etag: `"${createHash('sha256').update(body).digest('base64url')}"`, body, policy }
  }
}

/** What the tree has of an ecosystem's indexes or targets now. */
function folders(door: Door, ecosystem: string, otherwise: readonly string[]): readonly string[] {
  try {
    const names = readdirSync(door.pathOf(ecosystem), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && segmentPattern.test(entry.name))
      .map((entry) => entry.name)
    return names.length > 0 ? names.toSorted() : otherwise
  } catch (error) {
    return nullIfAbsent(error) ?? otherwise
  }
}

function render(base: string, console: string | null, indexes: readonly string[], targets: readonly string[]): string {
  const { protocol, hostname } = new URL(base)
  const trust = protocol === 'https:' || loopback.has(hostname) ? '' : ` --trusted-host ${hostname}`
  const pip = indexes.map((index) => `pip install --index-url ${base}/pip/${index}/${trust} NAME`)
  const uv = indexes.map((index) => `uv pip install --default-index ${base}/pip/${index}/ NAME`)
  const apt = targets.map(
    (target) => `Types: deb\nURIs: ${base}/apt/\nSuites: ${target}/\nSigned-By: /etc/apt/keyrings/airlock.asc`,
  )
  const lines = block([...pip, ...uv].join('\n')) + (apt.length > 0 ? block(apt.join('\n\n')) : '')
  const fetched = `/usr/lib/apt/apt-helper -o Acquire::EnableSrvRecords=false download-file ${base}/homepod/setup.sh setup.sh`
  const setUp = block(`${fetched} && sh setup.sh ${base}`)
  const link = console === null ? null : `<a href="${escaped(console)}">${escaped(console)}</a>`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Airlock</title>
<style>${style}</style>
</head>
<body>
<section>
<h1>Airlock mirror</h1>
<p>This server holds packages for HomePods. Everything here was proved installable before it became visible. It reads its own disk and asks nobody: a name that is not here goes nowhere.</p>
<h2>Set up a pod</h2>
${setUp}<p>That sets up pip, uv and apt; <code>--check</code> says whether it works, <code>--undo</code> puts everything back. Where this tree is mounted: <code>sh /opt/public/airlock/homepod/setup.sh</code>.</p>
<h2>Install without set-up</h2>
${lines}
<h2>Something is missing</h2>
<p>${link === null ? 'Ask for it on the Airlock console, from the office, not from a HomePod.' : `Ask for it on ${link}, from the office, not from a HomePod.`} It appears here once it is ready.</p>
</section>
<section lang="zh">
<h1>Airlock 镜像</h1>
<p>本服务器为 HomePod 提供软件包。所有内容在可见之前都经过安装验证。它只读取自己的磁盘，不访问外部：此处没有的名字不会被发往任何地方。</p>
<h2>配置 HomePod</h2>
${setUp}<p>这会配置 pip、uv 与 apt；<code>--check</code> 检查是否可用，<code>--undo</code> 恢复原样。已挂载本目录树的 HomePod：<code>sh /opt/public/airlock/homepod/setup.sh</code>。</p>
<h2>不配置直接安装</h2>
${lines}
<h2>缺少软件包</h2>
<p>${link === null ? '请在办公环境（而非 HomePod 中）打开 Airlock 控制台提交申请。' : `请在办公环境（而非 HomePod 中）打开 ${link} 提交申请。`}就绪后即可在此安装。</p>
</section>
</body>
</html>
`
}

function block(lines: string): string {
  return `<pre>${escaped(lines)}</pre>\n`
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
