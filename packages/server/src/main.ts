import type { AddressInfo } from 'node:net'
import type { FastifyBaseLogger } from 'fastify'
import { Aside } from './aside/aside.ts'
import { buildApp, type Serializer } from './app.ts'
import { Auth } from './auth/auth.ts'
import { jobClaimsChecker } from './auth/job-claims.ts'
import { newSignInUrl } from './auth/sign-in-url.ts'
import { BlockLists } from './blocklist/block-lists.ts'
import { createBus } from './bus.ts'
import { type Config, urlOf } from './config.ts'
import type { App, Context } from './context.ts'
import { keepUrl, lockFolder, openDatabase } from './data-folder.ts'
import { keepHouse } from './housekeeping.ts'
import { Ingest } from './ingest/ingest.ts'
import { createLog } from './log.ts'
import { Metrics } from './metrics.ts'
import { followTls, readTls } from './tls.ts'
import { readWebFiles } from './web/files.ts'

export interface Server extends AsyncDisposable {
  /** Where agents and browsers reach it, without a slash at its end. */
  url: string
  app: App
  context: Context
  /** Where its first administrator signs in; null once there is one. */
  signInUrl: string | null
  /** Answers what it was asked, takes no more, and closes everything. */
  close: () => Promise<void>
}

export interface Start {
  log?: FastifyBaseLogger
  clock?: () => number
  serializer?: Serializer
  /** Folder of the web app as built; where the installation has it when not given. */
  web?: string
}

/** What is being answered at the end gets so long. */
const answerMs = 10_000

/**
 * Starts a server over its folder.
 * @throws ConfigError, MigrationError, or what the system says where it can't listen
 */
export async function startServer(
  config: Config,
  { log = createLog(config), clock = Date.now, serializer, web }: Start = {},
): Promise<Server> {
  using started = new DisposableStack()
  const tls = readTls(config)
  started.use(lockFolder(config.data))
  const db = started.use(openDatabase(config.data, clock()))
  const auth = new Auth(db, clock)
  for (const name of config.organisations) auth.ensureOrganisation(name)
  let url = ''
  const closing = new AbortController()
  const bus = createBus()
  const metrics = new Metrics()
  const ingest = new Ingest({ config, db, url: () => url, clock, log, metrics })
  started.defer(() => void ingest.close())
  const aside = new Aside()
  started.defer(() => void aside.close())
  const context: Context = {
    config,
    db,
    auth,
    url: () => url,
    jobClaims: jobClaimsChecker(auth, config.jobIssuer, () => url, clock),
    clock,
    log,
    metrics,
    bus,
    ingest,
    aside,
    blockLists: new BlockLists(db, clock, bus),
    web: readWebFiles(web),
    closing: closing.signal,
  }
  const app = buildApp(context, tls, serializer)
  app.addHook('preClose', () => {
    closing.abort()
    setTimeout(() => app.server.closeAllConnections(), answerMs).unref()
  })
  // When the last of what was asked is answered, and the other parts have ended.
  app.addHook('onClose', async () => {
    await aside.close()
    await ingest.close()
    resources.dispose()
  })
  await app.listen(config.listen)
  url = urlOf(config, (app.server.address() as AddressInfo).port)
  try {
    keepUrl(config.data, url)
  } catch (error) {
    log.warn({ err: error }, "'runwarden server sign-in' does not know where this server is")
  }
  const resources = started.move()
  resources.use(followTls(app, config, log))
  resources.use(keepHouse(context))
  return {
    url,
    app,
    context,
    signInUrl: newSignInUrl(context, { onlyFirst: true }),
    close: () => app.close(),
    [Symbol.asyncDispose]: () => app.close(),
  }
}
