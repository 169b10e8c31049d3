/** Why something outside did not work, in words: the `reason` of upstream's errors, in both languages. */
import type { Phrase } from '../errors.ts'

/** By the codes of Node's errors. */
export const byCode: Readonly<Record<string, Phrase>> = {
  ECONNREFUSED: { en: 'the connection was refused', zh: '连接被拒绝' },
  ECONNRESET: { en: 'the connection broke off', zh: '连接中断' },
  EPIPE: { en: 'the connection broke off', zh: '连接中断' },
  ERR_HTTP_CONTENT_LENGTH_MISMATCH: { en: 'the connection broke off', zh: '连接中断' },
  ENOTFOUND: { en: 'DNS does not know its name', zh: 'DNS 中没有该名称' },
  EAI_AGAIN: { en: 'DNS did not answer', zh: 'DNS 没有应答' },
  EHOSTUNREACH: { en: 'there is no route to it', zh: '没有可达路由' },
  ENETUNREACH: { en: 'there is no route to it', zh: '没有可达路由' },
  HPE_HEADER_OVERFLOW: { en: 'its headers are too large', zh: '响应头过大' },
}

/** By the phase that took too long. */
export const byPhase: Readonly<Record<string, Phrase>> = {
  lookup: { en: 'DNS did not answer in time', zh: 'DNS 应答超时' },
  connect: { en: 'connecting took too long', zh: '建立连接超时' },
  secureConnect: { en: 'the TLS handshake took too long', zh: 'TLS 握手超时' },
  response: { en: 'it did not answer in time', zh: '应答超时' },
}

export const brokeOff: Phrase = { en: 'its answer broke off', zh: '应答中断' }
export const badGzip: Phrase = { en: 'its gzip does not inflate', zh: 'gzip 内容无法解压' }
export const endNotMarked: Phrase = {
  en: 'its end is not marked, so it could be cut short',
  zh: '应答没有结束标记，无法判断是否完整',
}
export const notInRange: Phrase = { en: 'it is not the part that was asked for', zh: '返回的不是所请求的部分' }

export function failed(code: string | undefined): Phrase {
  return { en: `the request failed (${code ?? 'no code'})`, zh: `请求失败（${code ?? '无错误码'}）` }
}

export function tlsFailed(code: string): Phrase {
  return { en: `TLS failed (${code})`, zh: `TLS 失败（${code}）` }
}

export function notHttp(code: string): Phrase {
  return { en: `it does not speak HTTP (${code})`, zh: `应答不是 HTTP（${code}）` }
}

export function noTunnel(status: number | undefined): Phrase {
  return {
    en: `the proxy did not connect${status === undefined ? '' : ` (${status})`}`,
    zh: `代理未能建立连接${status === undefined ? '' : `（${status}）`}`,
  }
}

export function silentFor(ms: number): Phrase {
  return { en: `it sent nothing for ${ms / 1000} s`, zh: `${ms / 1000} 秒没有数据` }
}

export function slowerThan(rate: number): Phrase {
  return { en: `it sent less than ${rate} bytes a second`, zh: `速度低于每秒 ${rate} 字节` }
}

export function largerThan(bytes: number): Phrase {
  return { en: `it has more than ${bytes} bytes`, zh: `超过 ${bytes} 字节` }
}

export function tooManyHops(hops: number): Phrase {
  return { en: `it redirects more than ${hops} times`, zh: `重定向超过 ${hops} 次` }
}

export function oddEncoding(encoding: string): Phrase {
  const name = JSON.stringify(encoding)
  return { en: `its encoding ${name} was not asked for`, zh: `未请求的内容编码 ${name}` }
}

/** Why a host may not be asked. */
export const refused = {
  notUrl: { en: 'it is not a URL', zh: '不是有效的 URL' },
  scheme: { en: 'only http and https are asked', zh: '只允许 http 与 https' },
  notConfigured: { en: 'it is not one of the configured upstreams', zh: '不在已配置的上游源之列' },
  user: { en: 'the link carries a user name', zh: '链接中带有用户名' },
  port: {
    en: 'a host that is only linked to is asked over https on port 443 alone',
    zh: '仅由链接指向的主机只允许通过 443 端口的 https 访问',
  },
  literal: { en: 'the link names an address, not a host', zh: '链接使用的是 IP 地址而非主机名' },
  local: { en: 'it is not a public host name', zh: '不是公网主机名' },
  malformed: { en: 'it is not a well-formed host name', zh: '主机名格式不正确' },
  address: { en: 'its name leads to an address that is not public', zh: '该名称解析到非公网地址' },
} as const satisfies Record<string, Phrase>
