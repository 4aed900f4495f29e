import { createHash, createPublicKey, verify } from 'node:crypto'
import { z } from 'zod'

/** Why what a feed's address answers is believed. */
export const Trust = z.discriminatedUnion('kind', [
  /** SHA-256 of the list: it stays as it is until somebody sets another one. */
  z.object({
    kind: z.literal('sha256'),
    hash: z.string().regex(/^[\da-f]{64}$/, 'is no SHA-256, 64 lower-case hexadecimal digits'),
  }),
  /** Ed25519: at the feed's address with `.sig` behind its path stands the signature of the list's bytes, 64 bytes in base64. */
  z.object({
    kind: z.literal('ed25519'),
    publicKey: z
      .string()
      .regex(/^[A-Za-z0-9+/]{43}=$/, 'is no public key of Ed25519, 32 bytes in base64'),
  }),
])
export type Trust = z.infer<typeof Trust>

/** Where the signature is; null: none is needed. */
export function signatureUrl(url: URL, trust: Trust): URL | null {
  if (trust.kind === 'sha256') return null
  const at = new URL(url)
  at.pathname += '.sig'
  return at
}

/** @returns what speaks against it; null: it is what the one who is trusted has made */
export function distrust(trust: Trust, list: Buffer, signature: Buffer | null): string | null {
  if (trust.kind === 'sha256') {
    const hash = createHash('sha256').update(list).digest('hex')
    return hash === trust.hash ? null : `its SHA-256 is ${hash}, and not the one that was set`
  }
  const text = signature?.toString('latin1').trim() ?? ''
  if (!/^[A-Za-z0-9+/]{86}==$/.test(text)) return 'its signature is no Ed25519 signature in base64'
  const key = createPublicKey({
    format: 'jwk',
    key: {
      kty: 'OKP',
      crv: 'Ed25519',
      x: Buffer.from(trust.publicKey, 'base64').toString('base64url'),
    },
  })
  return verify(null, list, key, Buffer.from(text, 'base64'))
    ? null
    : 'its signature is not that of the key that was set'
}
