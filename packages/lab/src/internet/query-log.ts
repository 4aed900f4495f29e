import type { DnsQueryRecord } from '../record.ts'
import { readQuestion } from './dns-message.ts'
import type { ParsedPacket } from './packet.ts'

interface Stream {
  next: number
  rest: Buffer
}

/** Finds the DNS queries in the packets that arrive, whatever server they are sent to. */
export class QueryLog {
  readonly queries: DnsQueryRecord[] = []
  readonly #streams = new Map<string, Stream>()

  add(packet: ParsedPacket): void {
    if (packet.toPort !== 53) return
    if (packet.protocol === 'udp') this.#addMessage(packet, packet.payload)
    if (packet.protocol === 'tcp') this.#addSegment(packet)
  }

  /** Each message in a TCP stream has its length before it (RFC 1035 §4.2.2). */
  #addSegment(packet: ParsedPacket): void {
    const key = `${packet.from} ${packet.fromPort} ${packet.to}`
    if (packet.flags.includes('S')) {
      this.#streams.set(key, { next: (packet.sequence + 1) >>> 0, rest: Buffer.alloc(0) })
      return
    }
    const stream = this.#streams.get(key)
    if (stream === undefined) return
    // A repeated segment; nothing is lost or overtaken on the lab's link.
    if (packet.bytes > 0 && packet.sequence === stream.next) {
      stream.next = (stream.next + packet.bytes) >>> 0
      stream.rest = Buffer.concat([stream.rest, packet.payload])
      while (stream.rest.length >= 2 && stream.rest.length >= 2 + stream.rest.readUInt16BE(0)) {
        const end = 2 + stream.rest.readUInt16BE(0)
        this.#addMessage(packet, stream.rest.subarray(2, end))
        stream.rest = stream.rest.subarray(end)
      }
    }
    if (packet.flags.includes('F') || packet.flags.includes('R')) this.#streams.delete(key)
  }

  #addMessage(packet: ParsedPacket, message: Buffer): void {
    const question = readQuestion(message)
    if (question === null) return
    this.queries.push({
      time: packet.time,
      ...question,
      server: packet.to,
      transport: packet.protocol === 'tcp' ? 'tcp' : 'udp',
      from: { address: packet.from, port: packet.fromPort ?? 0 },
    })
  }
}
