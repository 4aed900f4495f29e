import { readFileSync } from 'node:fs'
import type { Config } from './config.ts'
import { ConfigError } from './config-table.ts'

export interface Tls {
  cert: Buffer
  key: Buffer
}

/** @returns null where the server speaks plain HTTP */
export function readTls({ tlsCert, tlsKey }: Config): Tls | null {
  if (tlsCert === null || tlsKey === null) return null
  try {
    return { cert: readFileSync(tlsCert), key: readFileSync(tlsKey) }
  } catch (error) {
    throw new ConfigError(`the certificate can't be read: ${(error as Error).message}`, {
      cause: error,
    })
  }
}
