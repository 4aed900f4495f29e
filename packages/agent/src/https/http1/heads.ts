import { type GitService, splitTarget, targetOf } from '../kept-value.ts'
import { hostOf, type RequestHead } from '../exchange.ts'
import { Undecodable } from '../undecodable.ts'
import type { Body } from './messages.ts'

const requestLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]{1,40}) ([^\s]+) HTTP\/(1\.[01])$/
const statusLine = /^HTTP\/1\.[01] ([1-9]\d\d)(?: |$)/

/** A request line without its query; `authority`: where the target names one. */
export interface RequestLine {
  method: string
  version: '1.0' | '1.1'
  path: string
  gitService?: GitService
  scheme: 'http' | 'https'
  authority: string | null
}

/** Null: it is no request line. */
export function readRequestLine(line: Buffer): RequestLine | null {
  const [, method, target, version] = requestLine.exec(line.toString('latin1')) ?? []
  if (method === undefined || target === undefined) return null
  const common = { method, version: version === '1.0' ? '1.0' : '1.1' } as const
  if (method === 'CONNECT') return { ...common, path: '', scheme: 'https', authority: target }
  const bytes = line.subarray(method.length + 1, method.length + 1 + target.length)
  // What a client asks a proxy for (RFC 9112 §3.2.2).
  const absolute = /^(https?):\/\/([^/?#]*)/i.exec(target)
  if (absolute === null) {
    if (!target.startsWith('/') && target !== '*') return null
    return { ...common, ...splitTarget(targetOf(bytes)), scheme: 'https', authority: null }
  }
  const [start, scheme = '', authority = ''] = absolute
  const { path, ...service } = splitTarget(targetOf(bytes.subarray(start.length)))
  return {
    ...common,
    ...service,
    path: path || '/',
    scheme: scheme.toLowerCase() === 'http' ? 'http' : 'https',
    authority,
  }
}

/** The status of a response; null: it is no status line. */
export function readStatusLine(line: Buffer): number | null {
  const status = statusLine.exec(line.toString('latin1', 0, 64))?.[1]
  return status === undefined ? null : Number(status)
}

/** The fields of a head that count, gathered as they come. */
export class HeadFields {
  host: string | null = null
  authorization: RequestHead['authorization'] = null
  private lengths: string[] = []
  private codings: string[] = []

  /** @throws Undecodable for what servers read differently: the way that requests are smuggled */
  add(name: string, value: string): void {
    if (name === 'host') {
      if (this.host !== null && this.host !== value)
        throw new Undecodable('malformed', 'two different hosts')
      this.host = value
    } else if (name === 'authorization') {
      this.authorization ??= value as NonNullable<RequestHead['authorization']>
    } else if (name === 'content-length') {
      if (this.lengths.length < 8) this.lengths.push(...value.split(',').map((one) => one.trim()))
    } else if (name === 'transfer-encoding' && this.codings.length < 8) {
      this.codings.push(
        ...value
          .toLowerCase()
          .split(',')
          .map((one) => one.trim()),
      )
    }
  }

  /**
   * How the body ends (RFC 9112 §6.3).
   * @param otherwise where neither a length nor a coding says so
   * @throws Undecodable
   */
  body(otherwise: Body): Body {
    const [length, ...others] = this.lengths
    if (this.codings.length > 0) {
      if (length !== undefined)
        throw new Undecodable('malformed', 'a length and a transfer coding at once')
      if (this.codings.at(-1) === 'chunked') return { kind: 'chunked' }
      if (otherwise.kind === 'close') return otherwise
      throw new Undecodable('malformed', 'a request whose body has no end')
    }
    if (length === undefined) return otherwise
    if (!/^\d{1,15}$/.test(length) || others.some((one) => one !== length))
      throw new Undecodable('malformed', 'a content-length that is no number, or two')
    return { kind: 'length', bytes: Number(length) }
  }

  head(line: RequestLine): RequestHead {
    const { method, version, path, gitService, scheme, authority } = line
    return {
      method,
      scheme,
      host: hostOf(authority ?? this.host ?? '', scheme),
      path,
      ...(gitService === undefined ? {} : { gitService }),
      version,
      authorization: this.authorization,
    }
  }
}
