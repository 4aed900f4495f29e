import type { Databases } from './joined.ts'

/**
 * When each job of the index began, by this server's clock, and which repository it is of: as numbers and beside the index, for going by
 * ids from one database to the other for each job of a host that all jobs have takes seconds. Of one job neither changes.
 */
export function knowJobs({ both }: Databases): void {
  both.exec(
    `CREATE TEMP TABLE IF NOT EXISTS repository_names (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
     CREATE TEMP TABLE IF NOT EXISTS known_jobs (job INTEGER PRIMARY KEY, began INTEGER NOT NULL, repository INTEGER)`,
  )
  const { last } = both.get<{ last: number | null }>(
    'SELECT max(job) AS last FROM temp.known_jobs',
  ) ?? { last: null }
  const added = 'FROM main.jobs t JOIN server.jobs j ON j.id = t.id WHERE t.number > ?'
  both.run(
    `INSERT OR IGNORE INTO temp.repository_names (name)
     SELECT DISTINCT lower(j.repository) ${added} AND j.repository IS NOT NULL`,
    last ?? 0,
  )
  both.run(
    `INSERT INTO temp.known_jobs
     SELECT t.number, j.started_at, (SELECT number FROM temp.repository_names WHERE name = lower(j.repository)) ${added}`,
    last ?? 0,
  )
}

/**
 * In SQL, whether a job of the index is of a period: whether it began in it, by this server's clock. That of a job's machine, which its
 * events go by, may be wrong by years.
 * @param from and `to` are what stands for them
 */
export const beganIn = (job: string, from: string, to?: string): string =>
  `EXISTS (SELECT 1 FROM temp.known_jobs k WHERE k.job = ${job} AND k.began >= ${from}${to === undefined ? '' : ` AND k.began <= ${to}`})`

/** All jobs that began since then have this number or a higher one. Numbers go by what was indexed first. */
export const firstSince = ({ both }: Databases, from: number): number =>
  both.get<{ job: number | null }>(
    'SELECT min(job) AS job FROM temp.known_jobs WHERE began >= ?',
    from,
  )?.job ?? Number.MAX_SAFE_INTEGER
