import { readNames, writtenName } from '../ingest/folder-names.ts'
import { terms } from '../ingest/words.ts'
import { beganIn } from '../views/job-times.ts'
import type { Databases } from '../views/joined.ts'
import type { Range } from './pattern.ts'

/** What is known of a job after a search, by its number. */
export interface Found {
  number: number
  count: number
  firstTime: number
  lastTime: number
}

interface Asked {
  range: Range
  from: number
  to: number
  before: number
  limit: number
}

interface Part {
  number: number
  names: string
}

/**
 * Jobs that had to do with files of a path, or of the beginning of one, the newest first.
 * @returns undefined where it stands for more than `most` folders
 */
export function searchPaths(
  { both: index }: Databases,
  organisationId: string,
  most: number,
  asked: Asked,
): Found[] | undefined {
  const { range, from, to, before, limit } = asked
  const whole = range.from === range.to
  const at = range.from.lastIndexOf('/') + 1
  const rest = range.from.slice(at)
  const all = new Gathered()
  // The folder that the path ends in: of its files those of the name.
  if (whole || rest !== '') {
    const parts = index.iterate<Part>(
      `SELECT job AS number, names FROM folders WHERE term = (${termsOf('value = ?')}) AND job < ? AND ${ofPeriod}
         AND instr(names, ?) > 0 ORDER BY job DESC`,
      organisationId,
      terms.path,
      range.from.slice(0, at),
      before,
      from,
      to,
      writtenName(rest, { whole }),
    )
    for (const part of parts) {
      if (all.size >= limit && !all.has(part.number)) break
      all.addNames(part, (name) => (whole ? name === rest : name.startsWith(rest)))
    }
  }
  if (whole) return all.newest(limit)

  // Folders that begin so: all of their files.
  const folders = termsOf('value >= ? AND value <= ?')
  const values = [organisationId, terms.path, range.from, range.to]
  const many = index.get<{ n: number }>(
    `SELECT count(*) AS n FROM (${folders} LIMIT ${most + 1})`,
    ...values,
  )
  if ((many?.n ?? 0) > most) return undefined
  const within = index.all<Found>(
    `SELECT job AS number, sum(count) AS count, min(first_time) AS firstTime, max(last_time) AS lastTime
     FROM folders WHERE term IN (${folders}) AND job < ? AND ${ofPeriod}
     GROUP BY job ORDER BY job DESC LIMIT ?`,
    ...values,
    before,
    from,
    to,
    limit,
  )
  for (const found of within) all.add(found)
  return all.newest(limit)
}

const ofPeriod = beganIn('folders.job', '?', '?')

const termsOf = (condition: string): string =>
  `SELECT id FROM terms WHERE organisation = (SELECT number FROM organisations WHERE id = ?) AND kind = ? AND ${condition}`

class Gathered {
  readonly #jobs = new Map<number, Found>()

  get size(): number {
    return this.#jobs.size
  }

  has(job: number): boolean {
    return this.#jobs.has(job)
  }

  add({ number, count, firstTime, lastTime }: Found): void {
    const job = this.#jobs.get(number)
    if (job === undefined) this.#jobs.set(number, { number, count, firstTime, lastTime })
    else {
      job.count += count
      job.firstTime = Math.min(job.firstTime, firstTime)
      job.lastTime = Math.max(job.lastTime, lastTime)
    }
  }

  /** Of a part, files whose names are meant. */
  addNames({ number, names }: Part, isMeant: (name: string) => boolean): void {
    for (const { name, count, firstTime, lastTime } of readNames(names))
      if (isMeant(name)) this.add({ number, count, firstTime, lastTime })
  }

  newest(limit: number): Found[] {
    return [...this.#jobs.values()].toSorted((a, b) => b.number - a.number).slice(0, limit)
  }
}
