import { mkdirSync } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { SegmentStore } from './segment-store.ts'

/** That are remembered; of others it is made sure again. */
const mostFolders = 20_000

const segmentPath = (data: string, jobId: string, seq: number): string =>
  join(data, 'segments', jobId, `${seq}.zst`)

/** Segments as files, as they came: `<data>/segments/<job>/<seq>.zst`. Packed they stay: most are read once. */
export class FolderSegments implements SegmentStore {
  readonly #data: string
  readonly #root: string
  /** Jobs whose folder is known to be on the disk. */
  readonly #folders = new Set<string>()

  constructor(data: string) {
    this.#data = data
    this.#root = join(data, 'segments')
    mkdirSync(this.#root, { recursive: true, mode: 0o700 })
  }

  async write(jobId: string, seq: number, body: Uint8Array): Promise<void> {
    const path = segmentPath(this.#data, jobId, seq)
    const folder = dirname(path)
    if (!this.#folders.has(jobId)) await this.#makeFolder(jobId, folder)
    // What an end without warning leaves of it is overwritten when the segment comes again.
    const temporary = `${path}.tmp`
    try {
      await using file = await open(temporary, 'w', 0o600)
      await file.writeFile(body)
      await file.sync()
      await rename(temporary, path)
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
    await syncFolder(folder)
  }

  read(jobId: string, seq: number): Promise<Buffer> {
    return readFile(segmentPath(this.#data, jobId, seq))
  }

  jobs(): Promise<string[]> {
    return readdir(this.#root)
  }

  async remove(jobId: string): Promise<void> {
    this.#folders.delete(jobId)
    await rm(join(this.#root, jobId), { recursive: true, force: true })
  }

  async #makeFolder(jobId: string, folder: string): Promise<void> {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await syncFolder(this.#root)
    if (this.#folders.size >= mostFolders) this.#folders.clear()
    this.#folders.add(jobId)
  }
}

/** Names of files are kept by their folder. */
async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r')
  await folder.sync()
}
