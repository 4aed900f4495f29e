/** Numbers below a limit that are the same in every run (mulberry32). */
export function numbers(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * below)
  }
}

/** Longest input: decoders' own limits are reached by far less. */
const MOST = 8192
const telling = [0, 1, 0x0a, 0x0d, 0x20, 0x3a, 0x3f, 0x40, 0x7f, 0x80, 0xbe, 0xc0, 0xff]

/** An input like `input`, with one to eight changes; parts may come from `other`. */
export function mutate(
  input: Buffer,
  other: Buffer,
  words: readonly string[],
  next: (below: number) => number,
): Buffer {
  let bytes = Buffer.from(input)
  for (let left = 1 << next(4); left > 0; left--) {
    const at = next(bytes.length + 1)
    const until = Math.min(bytes.length, at + 1 + next(16))
    switch (next(10)) {
      case 0:
        if (at < bytes.length) bytes[at] = next(256)
        break
      case 1:
        if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << next(8))
        break
      case 2:
        if (at < bytes.length) bytes[at] = telling[next(telling.length)] ?? 0
        break
      case 3:
        bytes = joined(bytes.subarray(0, at), bytes.subarray(until))
        break
      case 4:
        bytes = joined(bytes.subarray(0, at), bytes.subarray(at, until), bytes.subarray(at))
        break
      case 5:
        bytes = joined(bytes.subarray(0, at), Buffer.from([next(256)]), bytes.subarray(at))
        break
      case 6: {
        const from = next(other.length + 1)
        const part = other.subarray(from, from + 1 + next(64))
        bytes = joined(bytes.subarray(0, at), part, bytes.subarray(at))
        break
      }
      case 7: {
        const word = words[next(words.length)] ?? ''
        bytes = joined(bytes.subarray(0, at), Buffer.from(word, 'latin1'), bytes.subarray(at))
        break
      }
      case 8:
        if (at + 2 <= bytes.length) bytes.writeUInt16BE(next(65536), at)
        break
      default:
        bytes = joined(bytes.subarray(0, at), other.subarray(next(other.length + 1)))
    }
  }
  return bytes
}

function joined(...parts: Buffer[]): Buffer<ArrayBuffer> {
  return Buffer.concat(parts).subarray(0, MOST)
}
