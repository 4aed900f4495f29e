import { mkdirSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { FastifyBaseLogger } from 'fastify'
import { buildApp } from './app.ts'
import { Auth } from './auth/auth.ts'
import { jobClaimsChecker } from './auth/job-claims.ts'
import { createBus } from './bus.ts'
import type { Config } from './config.ts'
import type { App, Context } from './context.ts'
import { Database } from './db/database.ts'
import { migrate } from './db/migrate.ts'
import { createLog } from './log.ts'
import { Metrics } from './metrics.ts'
import { readTls } from './tls.ts'

export interface Server extends AsyncDisposable {
  /** Where agents and browsers reach it, without a slash at its end. */
  url: string
  app: App
  context: Context
  /** Once, on an empty folder: where its first administrator signs in. */
  signInUrl: string | null
  /** Answers what it was asked, takes no more, and closes everything. */
  close: () => Promise<void>
}

export interface Start {
  log?: FastifyBaseLogger
  clock?: () => number
}

/**
 * Starts a server over its folder.
 * @throws ConfigError, MigrationError, or what the system says where it can't listen
 */
export async function startServer(
  config: Config,
  { log = createLog(config), clock = Date.now }: Start = {},
): Promise<Server> {
  const tls = readTls(config)
  mkdirSync(config.data, { recursive: true, mode: 0o700 })
  const db = openDatabase(config.data, clock())
  try {
    const auth = new Auth(db, clock)
    for (const name of config.organisations) auth.ensureOrganisation(name)
    const secret = firstAdministrator(db, auth)
    let url = ''
    const context: Context = {
      config,
      db,
      auth,
      url: () => url,
      jobClaims: jobClaimsChecker(auth, config.jobIssuer, () => url, clock),
      clock,
      log,
      metrics: new Metrics(),
      bus: createBus(),
    }
    const app = buildApp(context, tls)
    app.addHook('onClose', () => db.close())
    await app.listen(config.listen)
    url = config.url ?? listeningAt(app, config, tls !== null)
    return {
      url,
      app,
      context,
      signInUrl: secret === null ? null : signInUrl(url, secret),
      close: () => app.close(),
      [Symbol.asyncDispose]: () => app.close(),
    }
  } catch (error) {
    db.close()
    throw error
  }
}

/** The database of a folder, as this version expects it. */
export function openDatabase(data: string, now: number): Database {
  const db = new Database(join(data, 'runwarden.sqlite'))
  try {
    migrate(db, now)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

export const signInUrl = (url: string, secret: string): string =>
  `${url}/v1/sign-in/link?token=${secret}`

/** @returns the secret of a sign-in link, where nobody can sign in yet */
function firstAdministrator(db: Database, auth: Auth): string | null {
  if (db.get('SELECT 1 FROM users') !== undefined) return null
  return db.transaction(() =>
    auth.createSignInLink(auth.ensureUser('local', 'admin', 'admin', true)),
  )
}

function listeningAt(app: App, { listen }: Config, secure: boolean): string {
  const { port } = app.server.address() as AddressInfo
  const host = listen.host.includes(':') ? `[${listen.host}]` : listen.host
  return `${secure ? 'https' : 'http'}://${host}:${port}`
}
