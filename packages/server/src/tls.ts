import { readFileSync, unwatchFile, watchFile } from 'node:fs'
import type { Server } from 'node:https'
import type { FastifyBaseLogger } from 'fastify'
import { ConfigError } from './config-table.ts'
import type { Config } from './config.ts'
import type { App } from './context.ts'

export interface Tls {
  cert: Buffer
  key: Buffer
}

/**
 * @returns null where the server speaks plain HTTP
 * @throws ConfigError
 */
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

/** How often the files are looked at. */
const lookMs = 5000

/** Certificates are renewed while the server runs: new connections get the new one. */
export function followTls(app: App, config: Config, log: FastifyBaseLogger): Disposable {
  const files = [config.tlsCert, config.tlsKey].filter((path) => path !== null)
  const take = (): void => {
    try {
      // With files there is TLS.
      ;(app.server as unknown as Server).setSecureContext(readTls(config) as Tls)
      log.info('took the new certificate')
    } catch (error) {
      // Also between the writing of the one file and of the other.
      log.error({ err: error }, 'the new certificate is not valid; the old one stays')
    }
  }
  for (const path of files) watchFile(path, { interval: lookMs, persistent: false }, take)
  return {
    [Symbol.dispose]() {
      for (const path of files) unwatchFile(path, take)
    },
  }
}
