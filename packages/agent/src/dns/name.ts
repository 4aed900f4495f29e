/** A message that breaks the wire format (RFC 1035 §4): the sender's fault, never ours to repair. */
export class MalformedMessage extends Error {
  readonly code = 'DNS_MALFORMED'
}

/** A name as it stood in a message. */
export interface WireName {
  /**
   * Lower-case text without the trailing dot; empty for the root. Bytes that no host name can hold
   * are escaped as in RFC 1035 §5.1 (`\.`, `\032`), so that two names are equal when their texts are.
   */
  text: string
  /** Only letters, digits, `-` and `_` in its labels: what a policy can name. */
  plain: boolean
  /** Offset of the byte after the name where it was read. */
  end: number
}

const MAX_NAME = 255
const DOT = 0x2e
const BACKSLASH = 0x5c

/**
 * Reads a name at an offset, following compression pointers (RFC 1035 §4.1.4). Each pointer must
 * lead to before everything read so far, so that reading ends whatever the message holds.
 * Throws MalformedMessage.
 */
export function readName(message: Buffer, offset: number, limit = message.length): WireName {
  let text = ''
  let plain = true
  let length = 1
  let end = -1
  let at = offset
  let lowest = offset
  for (;;) {
    if (at >= limit) throw new MalformedMessage('a name runs past the end of the message')
    const size = message[at]!
    if (size === 0) break
    if (size >= 0xc0) {
      if (at + 1 >= limit) throw new MalformedMessage('a compression pointer is cut off')
      const target = ((size & 0x3f) << 8) | message[at + 1]!
      if (end < 0) end = at + 2
      if (target >= lowest || target < 12)
        throw new MalformedMessage('a compression pointer does not lead back')
      lowest = target
      at = target
      continue
    }
    if (size > 63) throw new MalformedMessage('a label of unknown kind')
    length += size + 1
    if (length > MAX_NAME) throw new MalformedMessage('a name of more than 255 bytes')
    const stop = at + 1 + size
    if (stop > limit) throw new MalformedMessage('a label runs past the end of the message')
    if (text !== '') text += '.'
    for (let i = at + 1; i < stop; i++) {
      const byte = message[i]!
      if (
        (byte >= 0x61 && byte <= 0x7a) ||
        (byte >= 0x30 && byte <= 0x39) ||
        byte === 0x2d ||
        byte === 0x5f
      ) {
        text += String.fromCharCode(byte)
      } else if (byte >= 0x41 && byte <= 0x5a) {
        text += String.fromCharCode(byte + 0x20)
      } else {
        plain = false
        text += escaped(byte)
      }
    }
    at = stop
  }
  return { text, plain, end: end < 0 ? at + 1 : end }
}

function escaped(byte: number): string {
  if (byte === DOT || byte === BACKSLASH) return `\\${String.fromCharCode(byte)}`
  if (byte > 0x20 && byte < 0x7f) return String.fromCharCode(byte)
  return `\\${String(byte).padStart(3, '0')}`
}

/** The wire form of plain text (no escapes), uncompressed; for tests and tools. Throws MalformedMessage. */
export function writeName(text: string): Buffer {
  const labels = text === '' || text === '.' ? [] : text.replace(/\.$/, '').split('.')
  const parts: Buffer[] = []
  for (const label of labels) {
    const bytes = Buffer.from(label, 'latin1')
    if (bytes.length === 0 || bytes.length > 63) throw new MalformedMessage(`bad label in ${text}`)
    parts.push(Buffer.from([bytes.length]), bytes)
  }
  const wire = Buffer.concat([...parts, Buffer.from([0])])
  if (wire.length > MAX_NAME) throw new MalformedMessage(`${text} is longer than 255 bytes`)
  return wire
}
