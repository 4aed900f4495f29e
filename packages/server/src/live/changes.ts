import { Severity } from '@runwarden/events'
import { z } from 'zod'
import type { Databases } from '../views/joined.ts'
import { RunJob, runJobOf } from '../views/runs.ts'

/** What people's pages are told, by the name of the server-sent event. */
export const liveEvents = {
  /** A job has started, has done more, was not heard any more, or has finished and all that it sent is in its views. */
  job: z.object({
    change: z.enum(['started', 'progress', 'silent', 'finished']),
    job: RunJob,
  }),
  /** A detection is in the inbox. */
  detection: z.object({
    id: z.string(),
    jobId: z.string(),
    detection: z.string(),
    severity: Severity,
    title: z.string(),
  }),
  'block-list': z.object({ version: z.string() }),
  /** What is stored, or where it holds, has changed. */
  policy: z.object({}),
  ping: z.object({}),
} as const
export type LiveEvents = { [E in keyof typeof liveEvents]: z.infer<(typeof liveEvents)[E]> }

/** A job as it was told last. */
interface Told {
  events: number
  silent: boolean
}

/** Of a job that has finished: so many looks are waited for the index, which may be behind. */
const patience = 60
/** New detections of one look. */
const mostDetections = 100

/** What has changed in an organisation from one look to the next. */
export class Changes {
  readonly #dbs: () => Promise<Databases>
  readonly #organisationId: string
  readonly #running = new Map<string, Told>()
  readonly #finished = new Map<string, number>()
  #lastJob: string | undefined
  #lastDetection = ''

  constructor(dbs: () => Promise<Databases>, organisationId: string) {
    this.#dbs = dbs
    this.#organisationId = organisationId
  }

  /** The first look tells nothing: what is there already, pages have asked for. */
  async look(): Promise<Change[]> {
    const dbs = await this.#dbs()
    if (this.#lastJob === undefined) {
      this.#begin(dbs)
      return []
    }
    return [...this.#jobs(dbs), ...this.#detections(dbs)]
  }

  #begin({ server, both }: Databases): void {
    for (const { id, silent } of this.#unfinished({ server }))
      this.#running.set(id, { events: eventsOf(both, id), silent: silent === 1 })
    this.#lastJob =
      server.get<{ id: string | null }>(
        'SELECT max(id) AS id FROM jobs WHERE organisation_id = ?',
        this.#organisationId,
      )?.id ?? ''
    this.#lastDetection = positionOf({ server })
  }

  #unfinished({ server }: Pick<Databases, 'server'>): { id: string; silent: number }[] {
    return server.all<{ id: string; silent: number }>(
      `SELECT id, silent_at IS NOT NULL AS silent FROM jobs INDEXED BY jobs_unfinished
       WHERE finished_at IS NULL AND organisation_id = ?`,
      this.#organisationId,
    )
  }

  *#jobs(dbs: Databases): Generator<Change> {
    const { server, both } = dbs
    const started = server.all<{ id: string }>(
      'SELECT id FROM jobs WHERE organisation_id = ? AND id > ? ORDER BY id',
      this.#organisationId,
      this.#lastJob ?? '',
    )
    for (const { id } of started) {
      this.#lastJob = id
      this.#running.set(id, { events: eventsOf(both, id), silent: false })
      yield* this.#tell(dbs, id, 'started')
    }
    const unfinished = new Map(this.#unfinished(dbs).map(({ id, silent }) => [id, silent === 1]))
    for (const [id, told] of this.#running) {
      const silent = unfinished.get(id)
      if (silent === undefined) {
        this.#running.delete(id)
        this.#finished.set(id, patience)
        continue
      }
      const events = eventsOf(both, id)
      this.#running.set(id, { events, silent })
      if (silent && !told.silent) yield* this.#tell(dbs, id, 'silent')
      else if (events !== told.events || silent !== told.silent)
        yield* this.#tell(dbs, id, 'progress')
    }
    // Given up before, and heard again.
    for (const [id, silent] of unfinished)
      if (!this.#running.has(id)) {
        this.#running.set(id, { events: eventsOf(both, id), silent })
        yield* this.#tell(dbs, id, silent ? 'silent' : 'progress')
      }
    for (const [id, looks] of this.#finished) {
      if (looks > 0 && !isIndexed(dbs, id)) this.#finished.set(id, looks - 1)
      else {
        this.#finished.delete(id)
        yield* this.#tell(dbs, id, 'finished')
      }
    }
  }

  /** Nothing of a job that was deleted meanwhile. */
  *#tell(dbs: Databases, id: string, change: LiveEvents['job']['change']): Generator<Change> {
    const job = runJobOf(dbs, this.#organisationId, id)
    if (job !== undefined) yield { event: 'job', jobId: id, data: { change, job } }
  }

  *#detections({ server }: Databases): Generator<Change> {
    const position = positionOf({ server })
    const found = server.all<LiveEvents['detection'] & { state: string | null }>(
      `SELECT d.id, d.job_id AS jobId, d.rule AS detection, d.severity, d.title, i.state
       FROM detections d LEFT JOIN inbox i ON i.detection_id = d.id
       WHERE d.organisation_id = ? AND d.id > ? AND d.id <= ? ORDER BY d.id LIMIT ?`,
      this.#organisationId,
      this.#lastDetection,
      position,
      mostDetections,
    )
    this.#lastDetection =
      (found.length === mostDetections ? found.at(-1)?.id : undefined) ?? position
    for (const { state, ...data } of found)
      if (state !== 'suppressed') yield { event: 'detection', jobId: data.jobId, data }
  }
}

export type Change =
  | { event: 'job'; jobId: string; data: LiveEvents['job'] }
  | { event: 'detection'; jobId: string; data: LiveEvents['detection'] }

/** The last detection that the inbox has. */
const positionOf = ({ server }: Pick<Databases, 'server'>): string =>
  server.get<{ id: string }>('SELECT id FROM inbox_position')?.id ?? ''

const eventsOf = (both: Databases['both'], jobId: string): number =>
  both.get<{ events: number }>(
    "SELECT json_extract(totals, '$.events') AS events FROM main.jobs WHERE id = ?",
    jobId,
  )?.events ?? 0

function isIndexed({ server, both }: Databases, jobId: string): boolean {
  const last = server.get<{ number: number | null }>(
    'SELECT max(number) AS number FROM segments WHERE job_id = ?',
    jobId,
  )?.number
  const position = both.get<{ position: number }>('SELECT position FROM main.state')?.position ?? 0
  return last === null || last === undefined || last <= position
}
