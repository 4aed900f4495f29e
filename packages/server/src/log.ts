import { type FastifyBaseLogger } from 'fastify'
import { type DestinationStream, pino } from 'pino'
import type { Config } from './config.ts'

/** Lines of JSON to stderr. What could hold a secret is not logged in the first place (src/app.ts); this is for what slips in. */
export function createLog(
  { logLevel }: Pick<Config, 'logLevel'>,
  into: DestinationStream = pino.destination({ dest: 2, sync: true }),
): FastifyBaseLogger {
  const secret = ['authorization', 'cookie', 'token', 'secret', 'password']
  return pino(
    {
      level: logLevel,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
      redact: {
        paths: [
          ...secret,
          ...secret.map((name) => `*.${name}`),
          ...secret.map((name) => `*.*.${name}`),
        ],
        censor: '…',
      },
    },
    into,
  )
}
