import { Verdict } from '@runwarden/events'
import { z } from 'zod'
import type { App, Context } from '../context.ts'
import { badRequest, HttpError } from '../error.ts'
import { type TermKind, terms } from '../ingest/words.ts'
import { PatternError, type Range, rangeOf } from '../search/pattern.ts'
import { mostValues, search } from '../search/search.ts'
import { Job, jobOfOrganisation } from '../views/job-list.ts'
import { databases } from '../views/joined.ts'
import { OfOrganisation, Time } from './page.ts'

const kinds = Object.keys(terms) as TermKind[]
const asked = z
  .string()
  .min(1)
  .max(4096)
  // Its dictionary is Unicode: half a pair is in no value.
  .refine((text) => text.isWellFormed(), 'is no text')
  .optional()
const CoercedTime = z.coerce.number().pipe(Time)

const Query = z
  .object({
    /** `example.org`, `*.example.org`: looked up, or connected to. */
    host: asked,
    /** `192.0.2.1`, `192.0.2.*` */
    address: asked,
    /** A program: `/usr/bin/curl`, or `curl` in whatever folder. */
    exe: asked,
    /** SHA-256 of a program that was started, or of what a changed file held. */
    hash: asked,
    /** `/etc/passwd`, `/home/runner/.ssh/*` */
    path: asked,
    /** `GET api.example.org/path`, the method or not, a * at the end or not. */
    api: asked,
    /** When the jobs began, by this server's clock; milliseconds since 1970. */
    from: CoercedTime.default(0),
    to: CoercedTime.default(8_640_000_000_000_000),
    limit: z.coerce.number().int().min(1).max(500).default(50),
    after: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER).optional(),
  })
  .refine((query) => kinds.filter((kind) => query[kind] !== undefined).length === 1, {
    error: `asks for one of ${kinds.join(', ')}`,
  })

const Found = z.object({
  job: Job,
  count: z.int(),
  /** By the clock of the job's machine, milliseconds since 1970. */
  firstTime: z.number(),
  lastTime: z.number(),
  /** Of what the policy decided about, each that it did. */
  verdicts: z.array(Verdict),
})
z.globalRegistry.add(Found, { id: 'SearchHit' })

/** Over all jobs of an organisation. */
export function register(app: App, context: Context): void {
  app.get(
    '/v1/orgs/:org/search',
    {
      config: { right: 'viewer' },
      schema: {
        summary: 'Jobs that had to do with a host, address, program, hash, path or call.',
        params: OfOrganisation,
        querystring: Query,
        response: { 200: z.object({ items: z.array(Found), next: z.int().nullable() }) },
      },
    },
    async ({ organisation, query }) => {
      const range = rangeIn(query)
      const { from, to, limit, after = Number.MAX_SAFE_INTEGER } = query
      const hits = search(await databases(context), organisation.id, {
        range,
        from,
        to,
        before: after,
        limit: limit + 1,
      })
      if (hits === undefined)
        throw new HttpError(
          400,
          'too-broad',
          `more than ${mostValues} different values are like this: say more of it`,
          [{ in: 'query', at: range.kind, problem: 'is like too many values' }],
        )
      const page = hits.slice(0, limit)
      const items = page.flatMap(({ jobId, count, firstTime, lastTime, verdicts }) => {
        // Deleted a moment ago, and still in the index.
        const job = jobOfOrganisation(context.db, organisation.id, jobId)
        return job === undefined ? [] : [{ job, count, firstTime, lastTime, verdicts }]
      })
      return { items, next: hits.length > limit ? (page.at(-1)?.number ?? null) : null }
    },
  )
}

function rangeIn(query: Partial<Record<TermKind, string | undefined>>): Range {
  const kind = kinds.find((one) => query[one] !== undefined) ?? 'host'
  try {
    return rangeOf(kind, query[kind] ?? '')
  } catch (error) {
    if (error instanceof PatternError) throw badRequest('query', kind, error.message)
    throw error
  }
}
