/** A frame as captured: time in milliseconds since the epoch, and its bytes from the Ethernet header on. */
export interface Frame {
  time: number
  bytes: Buffer
  /** How long it was on the link; more than `bytes` when it was cut. */
  length: number
}

const fileHeader = 24
const frameHeader = 16
const nanosecondMagic = 0xa1_b2_3c_4d

/**
 * Reads a stream of pcap with nanosecond times in the machine's byte order, as
 * `tcpdump -w - --time-stamp-precision=nano` writes it on a little-endian machine.
 */
export class PcapReader {
  #rest: Buffer = Buffer.alloc(0)
  #begun = false

  /** Takes the next bytes of the stream; gives the frames that they complete. */
  read(chunk: Buffer): Frame[] {
    let rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    if (!this.#begun) {
      if (rest.length < fileHeader) {
        this.#rest = rest
        return []
      }
      if (rest.readUInt32LE(0) !== nanosecondMagic)
        throw new Error('not a pcap stream with nanoseconds')
      this.#begun = true
      rest = rest.subarray(fileHeader)
    }
    const frames: Frame[] = []
    let at = 0
    while (rest.length - at >= frameHeader) {
      const length = rest.readUInt32LE(at + 8)
      if (rest.length - at - frameHeader < length) break
      frames.push({
        time: rest.readUInt32LE(at) * 1000 + rest.readUInt32LE(at + 4) / 1e6,
        bytes: rest.subarray(at + frameHeader, at + frameHeader + length),
        length: rest.readUInt32LE(at + 12),
      })
      at += frameHeader + length
    }
    this.#rest = Buffer.from(rest.subarray(at))
    return frames
  }
}
