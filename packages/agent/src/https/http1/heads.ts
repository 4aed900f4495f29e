import { type GitService, readTarget } from '../kept-value.ts'
import { hostOf, type RequestHead } from '../exchange.ts'
import { Undecodable } from '../undecodable.ts'
import type { Body } from './messages.ts'

// Python's servers part a line at 85 and A0, too.
const requestLine =
  /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,40} [!-~\x80-\x84\x86-\x9f\xa1-\xff]+ HTTP\/1\.[01]$/
const meantForOne = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,40} .* HTTP\//
const versionEnd = ' HTTP/1.1'.length
const statusLine = /^HTTP\/1\.[01] [1-9]\d\d(?: |$)/
const statusAt = 'HTTP/1.1 '.length

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
  if (!requestLine.test(line.toString('latin1'))) return null
  const blank = line.indexOf(0x20)
  const target = line.subarray(blank + 1, line.length - versionEnd)
  const read: RequestLine = {
    // Texts of their own: a part of the line's would keep all of that, with the query.
    method: line.toString('latin1', 0, blank),
    version: line.at(-1) === 0x30 ? '1.0' : '1.1',
    path: '',
    scheme: 'https',
    authority: null,
  }
  if (read.method === 'CONNECT') read.authority = target.toString('latin1')
  else if (target[0] === 0x2f || (target[0] === 0x2a && target.length === 1))
    readTarget(target, read)
  else {
    // What a client asks a proxy for (RFC 9112 §3.2.2).
    const absolute = /^(https?):\/\/([^/?#]*)/i.exec(target.toString('latin1'))
    if (absolute === null) return null
    const [start, scheme = '', authority = ''] = absolute
    readTarget(target.subarray(start.length), read)
    read.path ||= '/'
    if (scheme.toLowerCase() === 'http') read.scheme = 'http'
    read.authority = authority
  }
  return read
}

/** Whether a line that is no request line may be one to a server that takes more. */
export function isMeantForRequest(line: Buffer): boolean {
  return meantForOne.test(line.toString('latin1'))
}

/** The status of a response; null: it is no status line. */
export function readStatusLine(line: Buffer): number | null {
  const text = line.toString('latin1', 0, 64)
  return statusLine.test(text) ? Number(text.slice(statusAt, statusAt + 3)) : null
}

/** The fields of a head that count, gathered as they come. */
export class HeadFields {
  host: string | null = null
  authorization: RequestHead['authorization'] = null
  /** The first that is said, and whether all are the same. */
  private length: string | null = null
  private lengthsDiffer = false
  /** The last one; of a request all that is said. */
  private coding: string | null = null
  private readonly ofRequest: boolean

  constructor(of: 'request' | 'response') {
    this.ofRequest = of === 'request'
  }

  get hasCoding(): boolean {
    return this.coding !== null
  }

  /** @throws Undecodable for what servers read differently: the way that requests are smuggled */
  add(name: string, value: string): void {
    if (name === 'host') {
      if (this.host !== null && this.host !== value)
        throw new Undecodable('malformed', 'two different hosts')
      this.host = value
    } else if (name === 'authorization') {
      this.authorization ??= value as NonNullable<RequestHead['authorization']>
    } else if (name === 'content-length') {
      if (this.ofRequest) this.addOnlyLength(value)
      else if (!value.includes(',')) this.addLength(value.trim())
      else for (const one of value.split(',')) this.addLength(one.trim())
    } else if (name === 'transfer-encoding') {
      if (this.ofRequest && this.coding !== null)
        throw new Undecodable('malformed', 'two transfer codings')
      const coding = this.ofRequest ? value : value.slice(value.lastIndexOf(',') + 1).trim()
      this.coding = coding.toLowerCase()
    }
  }

  /** Once, and in digits that are no octal number to anybody. */
  private addOnlyLength(value: string): void {
    if (this.length !== null || !/^(?:0|[1-9]\d{0,14})$/.test(value))
      throw new Undecodable('malformed', 'a content-length that is no number, or two')
    this.length = value
  }

  private addLength(value: string): void {
    this.length ??= value
    if (value !== this.length) this.lengthsDiffer = true
  }

  /**
   * How the body ends (RFC 9112 §6.3).
   * @param otherwise where neither a length nor a coding says so
   * @throws Undecodable
   */
  body(otherwise: Body): Body {
    const { length, coding } = this
    if (coding !== null) {
      if (length !== null)
        throw new Undecodable('malformed', 'a length and a transfer coding at once')
      if (coding === 'chunked') return { kind: 'chunked' }
      if (otherwise.kind === 'close') return otherwise
      throw new Undecodable('malformed', 'a request whose body has no end')
    }
    if (length === null) return otherwise
    if (this.lengthsDiffer || !/^\d{1,15}$/.test(length))
      throw new Undecodable('malformed', 'a content-length that is no number, or two')
    return { kind: 'length', bytes: Number(length) }
  }

  /** @throws Undecodable for a target of another host than the field: servers go by one of them */
  head(line: RequestLine): RequestHead {
    const { method, version, path, gitService, scheme, authority } = line
    const { authorization } = this
    const host = hostOf(authority ?? this.host ?? '', scheme)
    if (this.host !== null && hostOf(this.host, scheme) !== host)
      throw new Undecodable('malformed', 'a host beside a target of another')
    return gitService === undefined
      ? { method, scheme, host, path, version, authorization }
      : { method, scheme, host, path, gitService, version, authorization }
  }
}
