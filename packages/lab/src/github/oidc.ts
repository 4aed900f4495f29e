import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

/** GitHub's issuer of OIDC tokens: real ones, of a key of its own. */
export class OidcIssuer {
  #pair: { privateKey: KeyObject; publicKey: KeyObject } | undefined

  /** Made when it is needed first: that takes its time. */
  get #keys() {
    this.#pair ??= generateKeyPairSync('rsa', { modulusLength: 2048 })
    return this.#pair
  }

  /** A token of 5 minutes. */
  issue(issuer: string, audience: string, claims: Readonly<Record<string, string>>): string {
    const now = Math.floor(Date.now() / 1000)
    const times = { iat: now, nbf: now - 30, exp: now + 300 }
    const head = tokenPart({ typ: 'JWT', alg: 'RS256', kid: 'lab' })
    const text = `${head}.${tokenPart({ ...claims, ...times, iss: issuer, aud: audience })}`
    return `${text}.${sign('sha256', Buffer.from(text), this.#keys.privateKey).toString('base64url')}`
  }

  /** JSON Web Key Set. */
  get keys(): object {
    const key = this.#keys.publicKey.export({ format: 'jwk' })
    return { keys: [{ ...key, kid: 'lab', alg: 'RS256', use: 'sig' }] }
  }
}

/** An object as a part of a JSON Web Token. */
export function tokenPart(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
