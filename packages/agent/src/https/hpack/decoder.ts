import type { Share } from '../budget.ts'
import { isLookedAt, keptValue } from '../kept-value.ts'
import { MAX_VALUE } from '../limits.ts'
import { Undecodable } from '../undecodable.ts'
import { DynamicTable, type Field } from './dynamic-table.ts'
import { huffmanDecode } from './huffman.ts'
import { staticTable } from './static-table.ts'

/** Longer than every name that is looked at. */
const MAX_NAME = 64
/** For texts on their way; wiped after each, since they are secrets. */
const scratch = Buffer.alloc(MAX_VALUE)

/**
 * Decodes the header blocks of one direction of an HTTP/2 connection (RFC 7541). Of values only what
 * `keptValue` keeps is ever stored, in the dynamic table, too.
 */
export class HpackDecoder {
  private readonly table: DynamicTable
  private block: Buffer = Buffer.alloc(0)
  private at = 0

  constructor(share: Share) {
    this.table = new DynamicTable(share)
  }

  /**
   * The fields of a header block, in order. Time is linear in the block's size, whatever it expands to.
   * @throws Undecodable; then the table's state is not known any more, nor is what follows
   */
  decode(block: Buffer, take: (field: Field) => void): void {
    this.block = block
    this.at = 0
    let mayResize = true
    while (this.at < block.length) {
      const first = block[this.at] ?? 0
      if (first >= 0x80) {
        take(this.field(this.integer(7)))
      } else if (first >= 0x40) {
        take(this.literal(6, true))
      } else if (first >= 0x20) {
        if (!mayResize) throw new Undecodable('malformed', 'a size update amid fields')
        this.table.resize(this.integer(5))
        continue
      } else {
        take(this.literal(4, false))
      }
      mayResize = false
    }
    this.block = Buffer.alloc(0)
  }

  /** An indexed field (§6.1). */
  private field(index: number): Field {
    if (index === 0) throw new Undecodable('malformed', 'the HPACK index 0')
    const fixed = staticTable[index - 1]
    if (fixed !== undefined) return fixed
    const entry = this.table.get(index - 1 - staticTable.length)
    if (entry === undefined) throw new Undecodable('malformed', 'an HPACK index beyond the table')
    return entry
  }

  /** A literal field, with an indexed name or its own (§6.2). */
  private literal(prefix: number, indexed: boolean): Field {
    const index = this.integer(prefix)
    let name = ''
    let nameLength: number
    if (index > 0) {
      const known = this.field(index)
      name = known.name
      nameLength = known.nameLength
    } else {
      nameLength = this.text(true, (text, length) => {
        // HTTP/2 names are in lower case (RFC 9113 §8.2).
        if (length <= MAX_NAME) name = text.toString('latin1')
      })
    }
    let value = ''
    const valueLength = this.text(isLookedAt(name), (text) => {
      value = keptValue(name, text)
    })
    const field = { name, value, nameLength }
    if (indexed) this.table.add(field, valueLength)
    return field
  }

  /**
   * A string literal (§5.2).
   * @param wanted its first bytes are handed to `read`, for the time of the call
   * @returns its length when decoded
   */
  private text(wanted: boolean, read: (text: Buffer, length: number) => void): number {
    const huffman = ((this.block[this.at] ?? 0) & 0x80) !== 0
    const size = this.integer(7)
    const end = this.at + size
    if (end > this.block.length)
      throw new Undecodable('malformed', 'a text beyond its header block')
    const bytes = this.block.subarray(this.at, end)
    this.at = end
    if (!huffman) {
      if (wanted) read(bytes.subarray(0, MAX_VALUE), size)
      return size
    }
    const length = huffmanDecode(bytes, wanted ? scratch : null)
    if (wanted) {
      const shown = scratch.subarray(0, length)
      read(shown, length)
      shown.fill(0)
    }
    return length
  }

  /** An integer with a prefix of so many bits (§5.1). */
  private integer(prefix: number): number {
    const most = 2 ** prefix - 1
    let value = this.byte() & most
    if (value < most) return value
    // Four bytes more hold any number within the limits.
    for (let shift = 0; shift <= 21; shift += 7) {
      const byte = this.byte()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw new Undecodable('malformed', 'an HPACK integer without end')
  }

  private byte(): number {
    const byte = this.block[this.at]
    if (byte === undefined) throw new Undecodable('malformed', 'a header block that ends too early')
    this.at++
    return byte
  }
}
