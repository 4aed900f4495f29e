import type { Transform } from 'node:stream'
import {
  constants,
  createGunzip,
  createZstdDecompress,
  gunzipSync,
  zstdDecompressSync,
} from 'node:zlib'
import { mostOfArchive, mostOfEntry, mostOfFile, type NotLooked } from './artifact-contract.ts'
import { Finder, type Search } from './finder.ts'
import { type EntrySink, isTar, TarSplitter } from './tar.ts'

/** Archives and compressed files within one another. */
const DEPTH = 3
/** `zstd --long=30`, as actions/cache has it: the window fills as far as something is unpacked, and no more than that is. */
const zstdOptions = { params: { [constants.ZSTD_d_windowLogMax]: 30 } }

/** Beginnings of files that hold what is not seen from outside: zip (also jar, wheel), xz, bzip2, 7z. */
const packed = ['504b0304', 'fd377a58', '425a68', '377abcaf']
const beginnings = { gzip: '1f8b08', zstd: '28b52ffd' } as const
type Packer = keyof typeof beginnings

/** How a file that begins so is compressed; `packed`: it is, or it is an archive, in a form that is not unpacked. */
function packerOf(beginning: Buffer): Packer | 'packed' | undefined {
  const magic = beginning.toString('hex', 0, 4)
  if (packed.some((one) => magic.startsWith(one))) return 'packed'
  for (const packer of ['gzip', 'zstd'] as const)
    if (magic.startsWith(beginnings[packer])) return packer
  return undefined
}

/** What unpacks a file that begins so; null: it is not unpacked; undefined: nothing needs to. */
export function unpackerOf(
  beginning: Buffer,
): { form: string; stream: Transform } | null | undefined {
  const packer = packerOf(beginning)
  if (packer === 'packed') return null
  if (packer === undefined) return undefined
  return {
    form: packer,
    stream: packer === 'gzip' ? createGunzip() : createZstdDecompress(zstdOptions),
  }
}

/** Looks at what a file unpacks to: itself, or, where it is a tar file, the files in it. */
export class Contents {
  /** Why it was not looked into, or not as a whole. */
  not: NotLooked = ''
  /** Bytes that came, and what was unpacked of them. */
  bytes = 0
  #sink: EntrySink | undefined
  #isArchive = false
  #beginning: Buffer = Buffer.alloc(0)
  readonly #search: Search
  readonly #forms: readonly string[]
  readonly #entry: string
  readonly #depth: number

  /** @param forms what it was unpacked from, outermost first */
  constructor(search: Search, forms: readonly string[], entry = '', depth = 0) {
    this.#search = search
    this.#forms = forms
    this.#entry = entry
    this.#depth = depth
  }

  /** @returns false: no more is looked at. @throws Error when it is broken */
  add(chunk: Buffer): boolean {
    this.bytes += chunk.length
    if (this.#sink === undefined) {
      this.#beginning = Buffer.concat([this.#beginning, chunk])
      if (this.#beginning.length < 512) return true
      this.#take()
    } else this.#sink.add(chunk)
    if (this.bytes < (this.#isArchive ? mostOfArchive : mostOfFile)) return true
    this.not ||= 'long'
    return false
  }

  end(): void {
    if (this.#sink === undefined) this.#take()
    this.#sink?.end()
  }

  #take(): void {
    const beginning = this.#beginning
    this.#beginning = Buffer.alloc(0)
    this.#isArchive = this.#depth < DEPTH && isTar(beginning)
    const forms = this.#forms
    const splitter = (): EntrySink =>
      new TarSplitter((name) => new EntryContents(this, this.#nameOf(name)))
    this.#sink = this.#isArchive
      ? splitter()
      : new Finder(this.#search, { forms, entry: this.#entry })
    this.#sink.add(beginning)
  }

  #nameOf(name: string): string {
    return this.#entry === '' ? name : `${this.#entry} › ${name}`
  }

  /** Looks into a file of the archive, of which this is the beginning. @internal */
  lookAt(entry: string, content: Buffer, isWhole: boolean): void {
    const packer = packerOf(content)
    const forms = [...this.#forms, 'tar']
    let bytes = content
    if (packer === 'packed' || (packer !== undefined && !(isWhole && this.#depth + 1 < DEPTH))) {
      this.not ||= 'packed'
      return
    }
    if (packer !== undefined) {
      const unpacked = unpack(packer, content)
      if (unpacked === undefined) {
        this.not ||= 'packed'
        return
      }
      bytes = unpacked
      forms.push(packer)
    } else if (!isWhole) this.not ||= 'long'
    const inner = new Contents(this.#search, forms, entry, this.#depth + 1)
    try {
      inner.add(bytes)
      inner.end()
    } catch {
      this.not ||= 'unreadable'
    }
    this.not ||= inner.not
    if (packer !== undefined) this.bytes += inner.bytes
  }
}

/** Of a file in an archive: its beginning is kept, and looked into at once. */
class EntryContents implements EntrySink {
  readonly #archive: Contents
  readonly #name: string
  readonly #parts: Buffer[] = []
  #bytes = 0

  constructor(archive: Contents, name: string) {
    this.#archive = archive
    this.#name = name
  }

  add(chunk: Buffer): void {
    const left = mostOfEntry - this.#bytes
    if (left > 0) this.#parts.push(chunk.subarray(0, left))
    this.#bytes += chunk.length
  }

  end(): void {
    if (this.#bytes === 0) return
    this.#archive.lookAt(this.#name, Buffer.concat(this.#parts), this.#bytes <= mostOfEntry)
  }
}

/** What a small compressed file unpacks to; undefined: to too much, or it is broken. */
function unpack(packer: Packer, content: Buffer): Buffer | undefined {
  const maxOutputLength = 4 * mostOfEntry
  try {
    return packer === 'gzip'
      ? gunzipSync(content, { maxOutputLength })
      : zstdDecompressSync(content, { maxOutputLength, ...zstdOptions })
  } catch {
    return undefined
  }
}
