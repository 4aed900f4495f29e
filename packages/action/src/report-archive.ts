import { constants } from 'node:fs'
import { type FileHandle, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ZipFile } from 'yazl'

/** The fastest: an `events.ndjson` of 500 MB should not hold up the end of a job. */
const compressionLevel = 1
/** Far below what needs ZIP64, however badly it packs. */
const plainSize = 2 ** 31

/** The files of a folder as one ZIP archive, made while it is read. Folders and links in it are left out. */
export class ReportArchive implements AsyncDisposable {
  /** Can be read once. */
  readonly content: AsyncIterable<Buffer>
  readonly #files: readonly FileHandle[]

  private constructor(content: AsyncIterable<Buffer>, files: readonly FileHandle[]) {
    this.content = content
    this.#files = files
  }

  /** @throws NodeJS.ErrnoException when the folder can't be read */
  static async of(folder: string): Promise<ReportArchive> {
    const zip = new ZipFile()
    // A PassThrough: the types only say less.
    const output = zip.outputStream as NodeJS.ReadableStream & { destroy(error: Error): void }
    zip.on('error', (error: Error) => output.destroy(error))
    const files: FileHandle[] = []
    const made = new ReportArchive(output as AsyncIterable<Buffer>, files)
    try {
      const entries = await readdir(folder, { withFileTypes: true })
      const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name)
      for (const name of names.toSorted()) {
        // As it was looked at: no link, and no pipe that nobody writes to.
        const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
        const file = await open(join(folder, name), flags)
        files.push(file)
        await add(zip, name, file, (error) => output.destroy(error))
      }
      zip.end()
      return made
    } catch (error) {
      await made[Symbol.asyncDispose]()
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#files.map((file) => file.close()))
  }
}

async function add(
  zip: ZipFile,
  name: string,
  file: FileHandle,
  failed: (error: Error) => void,
): Promise<void> {
  const { size, mtime } = await file.stat()
  const options = { mtime, mode: 0o100644, compressionLevel }
  if (size === 0) return zip.addBuffer(Buffer.alloc(0), name, options)
  zip.addReadStreamLazy(
    name,
    { ...options, size, forceZip64Format: size > plainSize },
    (give: (error: unknown, stream: NodeJS.ReadableStream) => void) => {
      // As long as it was: somebody may still write to it.
      const stream = file.createReadStream({ start: 0, end: size - 1, autoClose: false })
      stream.once('error', failed)
      give(null, stream)
    },
  )
}
