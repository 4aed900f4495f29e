import { Batch } from '../../../../sensor/src/decode/batch.ts'
import { Decoder } from '../../../../sensor/src/decode/decoder.ts'
import { kinds, record_header } from '../../../../sensor/src/layout.ts'
import { sensitivePlaces } from '../../../../sensor/src/sensitive.ts'
import { tls_record_kind } from '../../../../sensor/src/tls/layout.ts'
import { decodeContent, decodeImage, recordsOf } from '../../../../sensor/src/tls/decode.ts'
import { Watch } from '../../../../sensor/src/watch.ts'
import { must, order, type Target } from '../target.ts'

/** As the sensor's readers have it: longer than all lengths of a record together. */
const BATCH = 1 << 20
/** A ring's envelope: length and ring, 4 bytes each. */
const ENVELOPE = 8
const batch = Buffer.alloc(BATCH, 0xa5)
const decoder = new Decoder(new Watch(['/srv/work'], sensitivePlaces, []))

/** Fills the batch with one record of these bytes, as a ring has it; what lies behind is of an older batch. */
function fill(record: Buffer): number {
  batch.fill(0xa5, 0, 8192)
  batch.writeUInt32LE(record.length, 0)
  batch.writeUInt32LE(0, 4)
  record.copy(batch, ENVELOPE)
  return ENVELOPE + ((record.length + 7) & ~7)
}

function record(kind: number, bytes: number): Buffer {
  const made = Buffer.alloc(bytes)
  for (let at = 64; at < bytes; at++) made[at] = at % 17 === 0 ? 0 : 0x61 + (at % 26)
  made.writeUInt16LE(kind, record_header.kind)
  return made
}

/** Text is what the job chose, and may be anything; a decoder takes it, whatever the lengths before it say. */
export const records: Target = {
  name: 'records',
  seeds: () => Object.values(kinds).map((kind) => record(kind, 400)),
  words: ['\0', '/', '\0\0\0\0', '\xff\xff', '\x10\x00'],
  run: (input) => {
    if (input.length < 200) return 'too short to be told'
    const told = decoder.decode(batch, fill(input.subarray(0, 4096)))
    must(told.length <= 1, 'one record at most')
    const [one] = told
    if (one === undefined) return 'not told'
    const size = JSON.stringify(one, (_, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    ).length
    must(size < BATCH * 8, 'bounded by the batch')
    return `${one.kind} ${order(size)}`
  },
}

export const tlsRecords: Target = {
  name: 'tls-records',
  seeds: () => Object.values(tls_record_kind).map((kind) => record(kind, 300)),
  words: ['\0\0\0\0', '\xff\xff\xff\xff', '\x10\x00\x00\x00'],
  run: (input) => {
    if (input.length < 100) return 'too short to be told'
    const bytes = fill(input.subarray(0, 4096))
    // A copy as long as the lengths in it ask for would take the time of a thousand inputs.
    const short = batch.subarray(0, 8192)
    const [at = ENVELOPE] = recordsOf(short, bytes)
    const kind = short.readUInt16LE(at)
    if (kind === tls_record_kind.TLS_IMAGE) {
      const { pid, file } = decodeImage(short, at)
      return `image ${order(pid)} ${file.length}`
    }
    const content = decodeContent(new Batch(short), at)
    if (!('data' in content)) return 'end'
    if ('goesOn' in content) return `offer ${content.goesOn} ${order(content.data.length)}`
    must(content.data.length <= short.length, 'bounded by the batch')
    return `${content.library} ${content.direction} ${content.lost} ${order(content.data.length)}`
  },
}
