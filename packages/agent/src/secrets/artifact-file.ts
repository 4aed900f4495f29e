import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import {
  type ArtifactReply,
  mostOfFile,
  type NotLooked,
  type SecretInFile,
} from './artifact-contract.ts'
import { markOf } from './mark.ts'
import type { Scanner } from './scanner.ts'

const { O_NOCTTY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants
/** Scanned at once, and its end again with what follows: a secret, or what it is encoded in, may be on the border. */
const PART = 4 << 20
const OVERLAP = 64 << 10

/** Beginnings of files that hold what is not seen from outside: zip (also jar, wheel), zstd, xz, bzip2, 7z. */
const packed = ['504b0304', '28b52ffd', 'fd377a58', '425a68', '377abcaf']
const gzip = '1f8b08'

type Looked = Omit<ArtifactReply, 'number'>

/**
 * Looks for secrets in a file that the job chose, and in what a gzip file unpacks to: in regular files only.
 * @param scanner knows values as latin1 text: what is read is taken byte by byte
 * @param key of the hashes
 */
export async function lookInto(path: string, scanner: Scanner, key: Uint8Array): Promise<Looked> {
  const looked: Looked = { bytes: 0, not: '', found: [] }
  let file: FileHandle | undefined
  try {
    file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
    const stat = await file.stat()
    if (!stat.isFile()) return { ...looked, not: 'unreadable' }
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0)
    const magic = buffer.toString('hex')
    if (packed.some((one) => magic.startsWith(one))) return { ...looked, not: 'packed' }
    const isGzip = magic.startsWith(gzip)
    const stream = file.createReadStream({ start: 0, autoClose: false, highWaterMark: 1 << 20 })
    const finder = new Finder(scanner, key, isGzip ? ['gzip'] : [], looked)
    for await (const chunk of isGzip ? stream.pipe(createGunzip()) : stream) {
      looked.bytes += (chunk as Buffer).length
      finder.add(chunk as Buffer)
      if (looked.bytes < mostOfFile) continue
      looked.not = 'long'
      break
    }
    finder.end()
  } catch (error) {
    looked.not = reasonOf(error)
  } finally {
    await file?.close()
  }
  return looked
}

/** Scans a file in parts, and tells each secret once. */
class Finder {
  readonly #scanner: Scanner
  readonly #key: Uint8Array
  readonly #forms: readonly string[]
  readonly #looked: Looked
  readonly #told = new Set<string>()
  #waiting: Buffer[] = []
  #bytes = 0
  #line = 1

  constructor(scanner: Scanner, key: Uint8Array, forms: readonly string[], looked: Looked) {
    this.#scanner = scanner
    this.#key = key
    this.#forms = forms
    this.#looked = looked
  }

  add(chunk: Buffer): void {
    this.#waiting.push(chunk)
    this.#bytes += chunk.length
    if (this.#bytes >= PART) this.#scan(OVERLAP)
  }

  end(): void {
    this.#scan(0)
  }

  /** @param kept bytes at the end that are scanned again with what follows */
  #scan(kept: number): void {
    const part = Buffer.concat(this.#waiting)
    const text = part.toString('latin1')
    for (const secret of this.#scanner.scan(text, Date.now())) {
      const { kind, form, proven, value, offset } = secret
      const forms = form === 'plain' ? this.#forms : [...this.#forms, form]
      const one: SecretInFile = {
        kind,
        form: forms.join(' of ') || 'plain',
        proven,
        line: this.#line + lines(part.subarray(0, offset)),
        hash: markOf(Buffer.from(value, 'latin1'), this.#key),
      }
      const once = `${one.hash} ${one.form}`
      if (this.#told.has(once)) continue
      this.#told.add(once)
      this.#looked.found.push(one)
    }
    const rest = part.subarray(part.length - kept)
    this.#line += lines(part.subarray(0, part.length - kept))
    this.#waiting = [Buffer.from(rest)]
    this.#bytes = rest.length
  }
}

/** Ends of lines in it. */
function lines(bytes: Buffer): number {
  let count = 0
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) count++
  return count
}

function reasonOf(error: unknown): NotLooked {
  const code = error instanceof Error && 'code' in error ? error.code : ''
  return code === 'ENOENT' || code === 'ENOTDIR' ? 'gone' : 'unreadable'
}
