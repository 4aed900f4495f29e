import { bootId } from '../identity.ts'
import { record_header, TEXT_OFFSET } from '../layout.ts'

/** Methods of every Buffer since Node 0.x that its types leave out: they decode without a lookup of the encoding. */
interface SlicedBuffer extends Buffer {
  latin1Slice(from: number, to: number): string
  utf8Slice(from: number, to: number): string
}

const NON_ASCII = /[\u0080-\u00ff]/

/**
 * Typed views over the one buffer that batches come in. Every record begins at a multiple of 8
 * bytes, so words are read by index, without a DataView.
 */
export class Batch {
  readonly buffer: SlicedBuffer
  readonly u8: Uint8Array
  readonly u16: Uint16Array
  readonly u32: Uint32Array
  readonly i32: Int32Array
  readonly u64: BigUint64Array

  constructor(buffer: Buffer) {
    const { buffer: bytes, byteOffset, byteLength } = buffer
    const length = byteLength & ~7
    this.buffer = buffer as SlicedBuffer
    this.u8 = new Uint8Array(bytes, byteOffset, length)
    this.u16 = new Uint16Array(bytes, byteOffset, length / 2)
    this.u32 = new Uint32Array(bytes, byteOffset, length / 4)
    this.i32 = new Int32Array(bytes, byteOffset, length / 4)
    this.u64 = new BigUint64Array(bytes, byteOffset, length / 8)
  }

  /** A 64-bit word as a number: exact below 2^53. */
  wide(offset: number): number {
    const i = offset >>> 2
    return (this.u32[i + 1] as number) * 4294967296 + (this.u32[i] as number)
  }

  /** Identity of the process whose tgid and start stand at these offsets. */
  identity(tgidOffset: number, startOffset: number): string {
    const start = this.wide(startOffset)
    const exact = start <= Number.MAX_SAFE_INTEGER ? start : (this.u64[startOffset >>> 3] as bigint)
    return `${this.u32[tgidOffset >>> 2] as number}-${exact}-${bootId}`
  }

  /** The part of every record that its header gives, in the order that RecordBase has it. */
  time(record: number): number {
    return this.wide(record + record_header.time)
  }

  /** Bytes as text: UTF-8, what is none becomes U+FFFD. */
  text(from: number, to: number): string {
    // Whatever a record says of its own length.
    const end = Math.min(to, this.buffer.length)
    if (from >= end) return ''
    // Nearly everything is ASCII, which one copy decodes.
    const text = this.buffer.latin1Slice(from, end)
    return NON_ASCII.test(text) ? this.buffer.utf8Slice(from, end) : text
  }

  /**
   * Path of the kernel's walk, "leaf\0parent\0…\0" from `from` to `to`. Directories repeat, so the part behind the
   * leaf is turned round once and remembered.
   */
  path(from: number, to: number): string {
    if (from >= to) return '/'
    let leafEnd = this.u8.indexOf(0, from)
    if (leafEnd < 0 || leafEnd >= to) leafEnd = to
    return `${directory(this.buffer, leafEnd + 1, to)}/${this.text(from, leafEnd)}`
  }
}

const DIRECTORIES_KEPT = 8192
let directories = new Map<string, string>()

/** The directories above a leaf, by their bytes: "/a/b", and '' for the root. */
function directory(buffer: SlicedBuffer, from: number, to: number): string {
  if (from >= to) return ''
  const key = buffer.latin1Slice(from, to)
  let path = directories.get(key)
  if (path === undefined) {
    const text = NON_ASCII.test(key) ? buffer.utf8Slice(from, to) : key
    const parts = text.split('\0')
    parts.pop()
    path = ''
    for (const part of parts) path = `/${part}${path}`
    // Bounded: a job can make any number of directories.
    if (directories.size >= DIRECTORIES_KEPT) directories = new Map()
    directories.set(key, path)
  }
  return path
}

/** `name` as looked up from directory `base`, without `.`, `..` and repeated slashes. */
export function join(base: string, name: string): string {
  const path = name.startsWith('/') ? (base === '/' ? name : base + name) : `${base}/${name}`
  if (!/\/\.{0,2}(?:\/|$)/.test(path)) return path
  const kept: string[] = []
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue
    if (part === '..') kept.pop()
    else kept.push(part)
  }
  return `/${kept.join('/')}`
}

/** Offset of the strings of a record. */
export function textOf(record: number): number {
  return record + TEXT_OFFSET
}

/** The kernel's dev_t (20 bits of minor) as `major:minor`. */
export function deviceName(device: number): string {
  return `${device >>> 20}:${device & 0xfffff}`
}
