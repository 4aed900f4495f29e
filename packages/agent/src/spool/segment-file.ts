import { createHash } from 'node:crypto'

/** Events of a job that are packed, as they are sent and as they lie on disk. */
export interface Segment {
  /** From 1. */
  seq: number
  /** Hash of the segment before it, 32 bytes; of the first one: zeros. */
  previous: Buffer
  /** SHA-256 over `previous` and the body's SHA-256. */
  hash: Buffer
  /** NDJSON, packed with zstd. */
  body: Buffer
}

export const firstPrevious = Buffer.alloc(32)

export function chainHash(previous: Uint8Array, body: Uint8Array): Buffer {
  const ofBody = createHash('sha256').update(body).digest()
  return createHash('sha256').update(previous).update(ofBody).digest()
}

/** A file is both hashes and the body: whoever has it can send it, and continue it. */
export function encodeSegment({ previous, hash, body }: Segment): Buffer {
  return Buffer.concat([previous, hash, body])
}

/** @returns undefined: it is not as it was written */
export function decodeSegment(seq: number, bytes: Buffer = Buffer.alloc(0)): Segment | undefined {
  const previous = bytes.subarray(0, 32)
  const hash = bytes.subarray(32, 64)
  const body = bytes.subarray(64)
  if (body.length === 0 || !chainHash(previous, body).equals(hash)) return undefined
  return { seq, previous, hash, body }
}
