/** Blocks that a tar file consists of, bytes. */
const BLOCK = 512
/** Of a name or of pax records; longer ones are nobody's. */
const MOST_OF_HEADER = 1 << 20

/** Takes what is in a file of an archive. */
export interface EntrySink {
  add(chunk: Buffer): void
  end(): void
}

/** Whether a tar file begins so: by its first header's checksum, which all of its formats have. */
export function isTar(beginning: Buffer): boolean {
  if (beginning.length < BLOCK) return false
  let sum = 8 * 32
  for (let i = 0; i < BLOCK; i++) if (i < 148 || i >= 156) sum += beginning[i] ?? 0
  return sum > 8 * 32 && octal(beginning.subarray(148, 156)) === sum
}

/** Splits a tar file, whole or in parts as they come, into its files. Formats: v7, ustar, GNU, pax. */
export class TarSplitter {
  readonly #begin: (name: string) => EntrySink
  #rest: Buffer = Buffer.alloc(0)
  /** Bytes of the present entry that are to come, and of what fills its last block. */
  #left = 0
  #padding = 0
  #sink: EntrySink | undefined
  /** What the next header is told of by an entry of its own. */
  #next: { name?: string; size?: number } = {}
  #over = false

  constructor(begin: (name: string) => EntrySink) {
    this.#begin = begin
  }

  /** @throws Error when it is no tar file from here on */
  add(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    while (!this.#over) {
      if (this.#left > 0) {
        const part = bytes.subarray(0, this.#left)
        if (part.length === 0) break
        this.#sink?.add(part)
        this.#left -= part.length
        bytes = bytes.subarray(part.length)
        if (this.#left === 0) this.#endEntry()
      } else if (this.#padding > 0) {
        if (bytes.length < this.#padding) break
        bytes = bytes.subarray(this.#padding)
        this.#padding = 0
      } else {
        if (bytes.length < BLOCK) break
        this.#header(bytes.subarray(0, BLOCK))
        bytes = bytes.subarray(BLOCK)
      }
    }
    this.#rest = this.#over ? Buffer.alloc(0) : Buffer.from(bytes)
  }

  /** No more is to come: what there is of the last file is taken. */
  end(): void {
    if (this.#left > 0) this.#endEntry()
  }

  #header(block: Buffer): void {
    if (!isTar(block)) {
      if (block.some((byte) => byte !== 0)) throw new Error('no header of tar')
      this.#over = true
      return
    }
    const type = String.fromCharCode(block[156] ?? 0)
    const isFile = type === '0' || type === '\0' || type === '7'
    const tellsMore = type === 'L' || type === 'x'
    const { name, size } = isFile ? this.#next : {}
    // Links, devices and folders have no bytes, whatever their size is said to be.
    this.#left = '123456'.includes(type) ? 0 : (size ?? sizeIn(block.subarray(124, 136)))
    this.#padding = (BLOCK - (this.#left % BLOCK)) % BLOCK
    if (tellsMore && this.#left > MOST_OF_HEADER) throw new Error('a name of that length')
    if (!tellsMore) this.#next = {}
    if (isFile) this.#sink = this.#begin(name ?? nameIn(block))
    else this.#sink = tellsMore ? this.#more(type) : undefined
    if (this.#left === 0) this.#endEntry()
  }

  /** A name of GNU's, or records of pax. */
  #more(type: string): EntrySink {
    const parts: Buffer[] = []
    return {
      add: (part) => parts.push(Buffer.from(part)),
      end: () => {
        const text = Buffer.concat(parts).toString()
        if (type === 'L') this.#next.name = text.replace(/\0.*$/s, '')
        else for (const record of text.matchAll(/^\d+ (path|size)=(.*)$/gm)) this.#pax(record)
      },
    }
  }

  #pax([, key, value = '']: RegExpMatchArray): void {
    if (key === 'path') this.#next.name = value
    else this.#next.size = Number(value) || 0
  }

  #endEntry(): void {
    this.#left = 0
    this.#sink?.end()
    this.#sink = undefined
  }
}

function text(field: Buffer): string {
  const end = field.indexOf(0)
  return field.toString('utf8', 0, end < 0 ? field.length : end)
}

function octal(field: Buffer): number {
  return Number.parseInt(text(field).trim(), 8) || 0
}

/** In octal digits, or, above 8 GiB, in binary. */
function sizeIn(field: Buffer): number {
  return (field[0] ?? 0) & 0x80 ? Number(field.readBigUInt64BE(4)) : octal(field)
}

function nameIn(block: Buffer): string {
  const isUstar = block.toString('latin1', 257, 263) === 'ustar\0'
  const folder = isUstar ? text(block.subarray(345, 500)) : ''
  const name = text(block.subarray(0, 100))
  return folder === '' ? name : `${folder}/${name}`
}
