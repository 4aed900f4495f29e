import { closeSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { openNamedFile } from '@runwarden/sensor'
import type { ArtifactReply, NotLooked, UploadedFile } from './artifact-contract.ts'
import type { Search } from './finder.ts'
import type { Scanner } from './scanner.ts'
import { Contents, unpackerOf } from './unpack.ts'

type Looked = Omit<ArtifactReply, 'number'>

/** An uploaded file, or why it could not be opened. */
export type OpenedFile = FileHandle | 'gone' | 'unreadable'

/** Opens a file that the job chose: caches are deleted as soon as they are uploaded. Regular files only. */
export async function openUploaded(uploaded: UploadedFile): Promise<OpenedFile> {
  let found
  try {
    found = openNamedFile({ ...uploaded, overlays: true })
    return found === undefined ? 'unreadable' : await open(`/proc/self/fd/${found}`)
  } catch (error) {
    return reasonOf(error)
  } finally {
    if (found !== undefined) closeSync(found)
  }
}

/**
 * Looks for secrets in a file that the job chose, in what it unpacks to (gzip, zstd), and in the files of an archive (tar).
 * @param opened is closed
 * @param key of the hashes
 */
export async function lookInto(
  opened: OpenedFile,
  scanner: Scanner,
  key: Uint8Array,
): Promise<Looked> {
  if (typeof opened === 'string') return { bytes: 0, not: opened, found: [] }
  const search: Search = { scanner, key, found: [] }
  const { crowded } = scanner
  try {
    const { buffer } = await opened.read(Buffer.alloc(4), 0, 4, 0)
    const unpacker = unpackerOf(buffer)
    if (unpacker === null) return { bytes: 0, not: 'packed', found: [] }
    const contents = new Contents(search, unpacker === undefined ? [] : [unpacker.form])
    const broken = await takeAll(opened, unpacker?.stream, contents)
    const { bytes, not } = contents
    const many = search.many === true || scanner.crowded > crowded
    return { bytes, not: broken || not || (many ? 'many' : ''), found: search.found }
  } catch {
    return { bytes: 0, not: 'unreadable', found: search.found }
  } finally {
    await opened.close()
  }
}

/** @returns why not all could be taken */
async function takeAll(
  file: FileHandle,
  unpacker: Transform | undefined,
  contents: Contents,
): Promise<NotLooked> {
  const stream = file.createReadStream({ start: 0, autoClose: false, highWaterMark: 1 << 20 })
  const take = async (chunks: AsyncIterable<Buffer>): Promise<void> => {
    for await (const chunk of chunks) if (!contents.add(chunk)) return
  }
  try {
    await (unpacker === undefined
      ? pipeline(stream, take)
      : // Left early, it is destroyed, and the window of zstd let go of.
        pipeline(stream, unpacker, take))
  } catch {
    // Streams that were left early say that they were.
    if (contents.not !== 'long') return 'unreadable'
  }
  contents.end()
  return ''
}

function reasonOf(error: unknown): 'gone' | 'unreadable' {
  const code = error instanceof Error && 'code' in error ? error.code : ''
  return code === 'ENOENT' || code === 'ENOTDIR' ? 'gone' : 'unreadable'
}
