import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyTypeProvider,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify'
import type { z } from 'zod'
import type { Aside } from './aside/aside.ts'
import type { Auth } from './auth/auth.ts'
import type { Identity } from './auth/rights.ts'
import type { BlockLists } from './blocklist/block-lists.ts'
import type { Bus } from './bus.ts'
import type { Config } from './config.ts'
import type { Database } from './db/database.ts'
import type { Ingest } from './ingest/ingest.ts'
import type { Metrics } from './metrics.ts'
import type { WebFile } from './web/files.ts'

/** What every part of the server is given. It is put together once, by main.ts. */
export interface Context {
  config: Config
  db: Database
  auth: Auth
  /** Whose token of GitHub's OIDC this is; undefined: it is not valid. */
  jobClaims: (token: string) => Promise<Identity | undefined>
  /** Where agents and browsers reach this server, without a slash at its end. */
  url: () => string
  /** Milliseconds since 1970. */
  clock: () => number
  log: FastifyBaseLogger
  metrics: Metrics
  bus: Bus
  blockLists: BlockLists
  ingest: Ingest
  aside: Aside
  /** The web app's files; null: this installation has none. */
  web: ReadonlyMap<string, WebFile> | null
  /** Aborted when the server is about to end: streams, which would go on for hours, end then. */
  closing: AbortSignal
}

/** Schemas of routes are zod's, and give handlers their types. */
interface ZodTypeProvider extends FastifyTypeProvider {
  validator: this['schema'] extends z.ZodType ? z.output<this['schema']> : unknown
  serializer: this['schema'] extends z.ZodType ? z.input<this['schema']> : unknown
}

export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>

/** Adds a resource's routes. Each of them names its right: `{ config: { right: 'viewer' }, schema: { … } }`. */
export type Register = (app: App, context: Context) => void
