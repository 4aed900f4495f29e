/** HTTP/2 frames of tests. */
export const FLAG = { endStream: 1, endHeaders: 4, padded: 8, priority: 32 }
export const TYPE = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  push: 5,
  ping: 6,
  goaway: 7,
  window: 8,
  continuation: 9,
}

export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Buffer = Buffer.alloc(0),
): Buffer {
  const header = Buffer.alloc(9)
  header.writeUIntBE(payload.length, 0, 3)
  header[3] = type
  header[4] = flags
  header.writeUInt32BE(stream, 5)
  return Buffer.concat([header, payload])
}

/** A field with an own name, not indexed, without Huffman coding; texts below 127 bytes. */
export function literal(name: string, value: string): Buffer {
  return Buffer.concat([
    Buffer.from([0, name.length]),
    Buffer.from(name),
    Buffer.from([value.length]),
    Buffer.from(value),
  ])
}

export function requestBlock(path: string, method = 'GET'): Buffer {
  return Buffer.concat([
    literal(':method', method),
    Buffer.from([0x87]),
    literal(':authority', 'api.example.org'),
    literal(':path', path),
  ])
}

export const statusBlock = Buffer.from([0x88])
