import { readSync } from 'node:fs'
import { UnreadableFile, Window } from './window.ts'

/** Where code is in a file, bytes. */
export interface Code {
  offset: number
  size: number
}

interface Section {
  name: string
  type: number
  address: number
  offset: number
  size: number
  link: number
}

interface Segment {
  executable: boolean
  offset: number
  address: number
  size: number
}

/** Nothing that is read at once may be larger: files are made by those who are watched. */
const LARGEST_READ = 1 << 20
const MOST_SECTIONS = 4096
const MOST_SEGMENTS = 256
/** Times that a name is in a table of strings: once, and as the end of some longer ones. */
const MOST_NAMESAKES = 64

const machines: Readonly<Record<string, number>> = { x64: 62, arm64: 183 }
const SHT_SYMTAB = 2
const SHT_DYNSYM = 11
const SHT_GNU_HASH = 0x6ffffff6
/** Symbols looked at for one name in a table by hash: there are a few in a chain. */
const LONGEST_CHAIN = 1024
const SYMBOL_BYTES = 24
const STT_FUNC = 2

/** A program or library of this machine's own kind (ELF, 64 bits, little-endian). */
export class Elf {
  readonly fd: number
  /** For tables of any size. */
  readonly window: Window
  readonly sections: readonly Section[]
  readonly #segments: readonly Segment[]

  private constructor(fd: number, header: Buffer) {
    this.fd = fd
    this.window = new Window(fd)
    this.#segments = this.#readSegments(header)
    this.sections = this.#readSections(header)
  }

  /** @returns undefined when the file is something else. @throws UnreadableFile when its tables are too large */
  static open(fd: number): Elf | undefined {
    const header = Buffer.alloc(64)
    if (readSync(fd, header, 0, 64, 0) < 64) return undefined
    const is64Little = header.readUInt32BE(0) === 0x7f454c46 && header[4] === 2 && header[5] === 1
    if (!is64Little || header.readUInt16LE(18) !== machines[process.arch]) return undefined
    return new Elf(fd, header)
  }

  /** Bytes of the file; fewer where it ends before. */
  read(offset: number, size: number): Buffer {
    if (size > LARGEST_READ) throw new UnreadableFile(`a table of ${size} bytes`)
    const bytes = Buffer.allocUnsafe(size)
    const got = offset <= Number.MAX_SAFE_INTEGER ? readSync(this.fd, bytes, 0, size, offset) : 0
    return bytes.subarray(0, got)
  }

  section(...names: string[]): Section | undefined {
    return this.sections.find(({ name }) => names.includes(name))
  }

  /** Where the code at an address is in the file; undefined: no code is there. */
  offsetOf(address: number): number | undefined {
    const segment = this.#segments.find(
      (one) => one.executable && address >= one.address && address < one.address + one.size,
    )
    return segment && address - segment.address + segment.offset
  }

  /**
   * Functions by name: of the names that others link with, or else of all that the file has kept.
   * @param marks without one of these among them there are none
   */
  functions(names: readonly string[], marks: readonly string[]): Map<string, Code> {
    const linked = this.#hashed(names, marks) ?? this.#functionsIn(SHT_DYNSYM, names, marks)
    return linked.size > 0 ? linked : this.#functionsIn(SHT_SYMTAB, names, marks)
  }

  /** By the table that the linker goes by, too; undefined: the file has none. */
  #hashed(names: readonly string[], marks: readonly string[]): Map<string, Code> | undefined {
    const hash = this.sections.find(({ type }) => type === SHT_GNU_HASH)
    const table = hash && this.sections[hash.link]
    const strings = table && this.sections[table.link]
    if (!hash || !table || !strings) return undefined
    const word = (offset: number): number => {
      const bytes = this.read(offset, 4)
      return bytes.length === 4 ? bytes.readUInt32LE(0) : 0
    }
    const buckets = word(hash.offset)
    const first = word(hash.offset + 4)
    const bucketsAt = hash.offset + 16 + word(hash.offset + 8) * 8
    const chainsAt = bucketsAt + buckets * 4
    const found = new Map<string, Code>()
    for (const name of buckets === 0 ? [] : names) {
      const wanted = gnuHash(name)
      let at = word(bucketsAt + (wanted % buckets) * 4)
      for (let step = 0; step < LONGEST_CHAIN && at >= first; step++, at++) {
        const there = word(chainsAt + (at - first) * 4)
        // The lowest bit says that the chain ends.
        if (there >>> 1 === wanted >>> 1) {
          const symbol = this.read(table.offset + at * SYMBOL_BYTES, SYMBOL_BYTES)
          if (symbol.length < SYMBOL_BYTES) break
          const text = this.read(strings.offset + symbol.readUInt32LE(0), name.length + 1)
          if (text.toString('latin1') === `${name}\0`) this.#take(found, name, symbol)
        }
        if ((there & 1) === 1) break
      }
    }
    return marks.some((mark) => found.has(mark)) ? found : new Map<string, Code>()
  }

  #functionsIn(
    type: number,
    names: readonly string[],
    marks: readonly string[],
  ): Map<string, Code> {
    const found = new Map<string, Code>()
    const table = this.sections.find((section) => section.type === type)
    const strings = table && this.sections[table.link]
    if (!table || !strings) return found
    const named = (wanted: readonly string[]): [string, number][] => [
      ...this.window.find(
        strings.offset,
        strings.size,
        wanted.map((name) => `${name}\0`),
        MOST_NAMESAKES,
      ),
    ]
    if (named(marks).length === 0) return found
    const wanted = new Map(named(names).map(([text, at]) => [at, text.slice(0, -1)]))
    for (let at = 0; at + SYMBOL_BYTES <= table.size; at += SYMBOL_BYTES) {
      const name = wanted.get(this.window.u32(table.offset + at))
      const symbol =
        name === undefined ? undefined : this.window.copy(table.offset + at, SYMBOL_BYTES)
      if (name !== undefined && symbol !== undefined) this.#take(found, name, symbol)
    }
    return found
  }

  #take(found: Map<string, Code>, name: string, symbol: Buffer): void {
    const offset = this.offsetOf(Number(symbol.readBigUInt64LE(8)))
    // What is imported has no address.
    if (((symbol[4] as number) & 15) !== STT_FUNC || symbol.readUInt16LE(6) === 0) return
    if (offset !== undefined) found.set(name, { offset, size: Number(symbol.readBigUInt64LE(16)) })
  }

  #readSegments(header: Buffer): Segment[] {
    const count = header.readUInt16LE(56)
    if (count > MOST_SEGMENTS) throw new UnreadableFile(`${count} segments`)
    const table = this.read(Number(header.readBigUInt64LE(32)), count * 56)
    const segments: Segment[] = []
    for (let at = 0; at + 56 <= table.length; at += 56) {
      // PT_LOAD
      if (table.readUInt32LE(at) !== 1) continue
      segments.push({
        executable: (table.readUInt32LE(at + 4) & 1) !== 0,
        offset: Number(table.readBigUInt64LE(at + 8)),
        address: Number(table.readBigUInt64LE(at + 16)),
        size: Number(table.readBigUInt64LE(at + 32)),
      })
    }
    return segments
  }

  #readSections(header: Buffer): Section[] {
    const count = header.readUInt16LE(60)
    if (count > MOST_SECTIONS) throw new UnreadableFile(`${count} sections`)
    const table = this.read(Number(header.readBigUInt64LE(40)), count * 64)
    const sections = Array.from({ length: Math.floor(table.length / 64) }, (_, i) => ({
      name: '',
      nameAt: table.readUInt32LE(i * 64),
      type: table.readUInt32LE(i * 64 + 4),
      address: Number(table.readBigUInt64LE(i * 64 + 16)),
      offset: Number(table.readBigUInt64LE(i * 64 + 24)),
      size: Number(table.readBigUInt64LE(i * 64 + 32)),
      link: table.readUInt32LE(i * 64 + 40),
    }))
    const texts = sections[header.readUInt16LE(62)]
    const names = texts ? this.read(texts.offset, texts.size) : Buffer.alloc(0)
    for (const section of sections) section.name = textAt(names, section.nameAt)
    return sections
  }
}

/** The hash of names in tables of the GNU linker. */
function gnuHash(name: string): number {
  let hash = 5381
  for (const byte of Buffer.from(name, 'latin1')) hash = (Math.imul(hash, 33) + byte) >>> 0
  return hash
}

function textAt(strings: Buffer, at: number): string {
  const end = strings.indexOf(0, at)
  return strings.toString('latin1', at, end < 0 ? strings.length : end)
}
