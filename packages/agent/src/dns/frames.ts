/**
 * Cuts a TCP stream into DNS messages (two bytes of length before each, RFC 1035 §4.2.2). Holds at
 * most one incomplete message.
 */
export class FrameReader {
  #rest: Buffer[] = []
  #held = 0

  /** Takes what came and returns the messages that it completes. */
  push(chunk: Buffer): Buffer[] {
    this.#rest.push(chunk)
    this.#held += chunk.length
    if (this.#held < 2 || (this.#rest.length > 1 && this.#held < this.#wanted())) return []
    const bytes = this.#rest.length === 1 ? chunk : Buffer.concat(this.#rest)
    const messages: Buffer[] = []
    let at = 0
    while (at + 2 <= bytes.length) {
      const end = at + 2 + bytes.readUInt16BE(at)
      if (end > bytes.length) break
      messages.push(bytes.subarray(at + 2, end))
      at = end
    }
    this.#rest = at === bytes.length ? [] : [bytes.subarray(at)]
    this.#held = bytes.length - at
    return messages
  }

  /** Bytes of a message that has not come whole. */
  get incomplete(): number {
    return this.#held
  }

  #wanted(): number {
    const [first, second] = this.#rest
    if (first!.length >= 2) return 2 + first!.readUInt16BE(0)
    return 2 + ((first![0]! << 8) | second![0]!)
  }
}

/** A message with its length before it. */
export function frame(message: Buffer): Buffer {
  const framed = Buffer.allocUnsafe(message.length + 2)
  framed.writeUInt16BE(message.length, 0)
  message.copy(framed, 2)
  return framed
}
