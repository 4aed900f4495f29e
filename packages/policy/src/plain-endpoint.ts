import type { EndpointParts, EndpointProtocol } from './endpoint-parts.ts'

const DOT = 46
const DASH = 45
const COLON = 58
const UNDERSCORE = 95

/**
 * The parts of `name`, `name:port`, `1.2.3.4` and `1.2.3.4:port`, with udp:// in front or without, as nearly all endpoints are
 * written: in lower case, without a wildcard or range. One look at each character, since thousands are read at once.
 * @returns null: it is written otherwise, or is no endpoint; nothing is said of it
 */
export function readPlainParts(text: string): EndpointParts | null {
  return text.startsWith('udp://') ? readHostPort(text.slice(6), 'udp') : readHostPort(text, 'tcp')
}

function readHostPort(text: string, protocol: EndpointProtocol): EndpointParts | null {
  const hostEnd = endOfHost(text)
  if (hostEnd === 0 || hostEnd > 253) return null
  const port = hostEnd === text.length ? 443 : readPort(text, hostEnd + 1)
  if (port === 0) return null
  if (isLetter(text.charCodeAt(text.lastIndexOf('.', hostEnd - 1) + 1))) {
    if (!isName(text, hostEnd)) return null
    const name = text.slice(0, hostEnd)
    return { host: { kind: 'name', name }, protocol, portFrom: port, portTo: port }
  }
  const address = readAddress(text, hostEnd)
  if (address === null) return null
  const host = { kind: 'address', family: 4, address, prefix: 128 } as const
  return { host, protocol, portFrom: port, portTo: port }
}

/** Where the colon is, or the end; 0: something stands before it that no plain host has. */
function endOfHost(text: string): number {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === COLON) return i
    if (!isLetter(code) && !isDigit(code) && code !== DOT && code !== DASH && code !== UNDERSCORE)
      return 0
  }
  return text.length
}

/** 0: it is no port without leading zeros, alone. */
function readPort(text: string, from: number): number {
  if (from === text.length || text.length > from + 5 || text.charCodeAt(from) === 48) return 0
  let port = 0
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (!isDigit(code)) return 0
    port = port * 10 + code - 48
  }
  return port > 65_535 ? 0 : port
}

/** Labels of 1 to 63 characters that neither begin nor end with "-". */
function isName(text: string, end: number): boolean {
  let label = 0
  for (let i = 0; i <= end; i++) {
    const code = i === end ? DOT : text.charCodeAt(i)
    if (code === DOT) {
      if (i === label || i - label > 63 || text.charCodeAt(i - 1) === DASH) return false
      label = i + 1
    } else if (code === DASH && i === label) return false
  }
  return true
}

/** Four numbers without leading zeros. */
function readAddress(text: string, end: number): Uint8Array | null {
  const bytes = new Uint8Array(16)
  bytes[10] = 0xff
  bytes[11] = 0xff
  let at = 12
  let first = 0
  let value = 0
  for (let i = 0; i <= end; i++) {
    const code = i === end ? DOT : text.charCodeAt(i)
    if (code === DOT) {
      const digits = i - first
      if (digits === 0 || digits > 3 || value > 255 || at > 15) return null
      if (digits > 1 && text.charCodeAt(first) === 48) return null
      bytes[at++] = value
      first = i + 1
      value = 0
    } else if (isDigit(code)) value = value * 10 + code - 48
    else return null
  }
  return at === 16 ? bytes : null
}

function isLetter(code: number): boolean {
  return code >= 97 && code <= 122
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}
