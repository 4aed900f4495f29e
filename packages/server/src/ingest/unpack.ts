import { constants, zstdDecompress, zstdDecompressSync } from 'node:zlib'
import { promisify } from 'node:util'
import { largestSegment } from '@runwarden/events/control-plane'

const unzip = promisify(zstdDecompress)

/** It is no segment, whatever it is. */
export class SegmentError extends Error {
  readonly code = 'SEGMENT'
}

const options = {
  maxOutputLength: largestSegment.unpacked,
  chunkSize: 1 << 18,
  params: { [constants.ZSTD_d_windowLogMax]: 24 },
}

/**
 * What a segment holds. What unpacks to more than it may is given up at that size; its window is bounded, too.
 * @param expected bytes that it probably has: they are unpacked in one piece
 * @throws SegmentError
 */
export function unpackNow(body: Uint8Array, expected: number): Buffer {
  try {
    const chunkSize = Math.min(Math.max(expected, 1024), largestSegment.unpacked)
    return checkLines(zstdDecompressSync(body, { ...options, chunkSize }))
  } catch (error) {
    throw segmentError(error)
  }
}

/** The same, off the main thread. */
export async function unpack(body: Uint8Array): Promise<Buffer> {
  try {
    return checkLines(await unzip(body, options))
  } catch (error) {
    throw segmentError(error)
  }
}

function checkLines(content: Buffer): Buffer {
  if (content.length === 0) throw new SegmentError('holds nothing')
  let lines = 0
  for (const { start, end } of linesOf(content)) {
    if (end - start > largestSegment.line)
      throw new SegmentError(`has a line of more than ${largestSegment.line} bytes`)
    if (++lines > largestSegment.lines)
      throw new SegmentError(`has more than ${largestSegment.lines} lines`)
  }
  return content
}

function segmentError(error: unknown): SegmentError {
  if (error instanceof SegmentError) return error
  const large = (error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE'
  return new SegmentError(
    large
      ? `unpacks to more than ${largestSegment.unpacked} bytes`
      : `is no zstd: ${(error as Error).message}`,
    { cause: error },
  )
}

/** Where its lines begin and end; the last one may lack its line break. */
export function* linesOf(content: Buffer): Generator<{ start: number; end: number }> {
  for (let start = 0; start < content.length;) {
    const found = content.indexOf(0x0a, start)
    const end = found < 0 ? content.length : found
    if (end > start) yield { start, end }
    start = end + 1
  }
}
