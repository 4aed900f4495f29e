import { createHash } from 'node:crypto'

/** SHA-256 over the bytes of the hash before, and of the body's. */
export function chainHash(previous: Uint8Array, body: Uint8Array): Buffer {
  const ofBody = createHash('sha256').update(body).digest()
  return createHash('sha256').update(previous).update(ofBody).digest()
}
