import { createHash, randomBytes } from 'node:crypto'

/** What a secret is good for: the first letters tell people, and programs that look for secrets. */
export type SecretKind = 'rwk_' | 'rwj_' | 'rws_' | 'rwl_' | 'rwi_'

/** A new secret of 256 random bits. It is shown once; only its hash is kept. */
export function newSecret(kind: SecretKind): string {
  return kind + randomBytes(32).toString('base64url')
}

/**
 * SHA-256 is enough here, and no slow hash is needed: these are 256 random bits, not words that a person chose, so who has
 * the hash can't find them by trying. Found by an index over the hash, a secret tells nothing by the time that takes.
 */
export function hashSecret(secret: string): Uint8Array {
  return createHash('sha256').update(secret).digest()
}
