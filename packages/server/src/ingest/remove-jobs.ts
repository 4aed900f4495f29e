import type { Database } from '../db/database.ts'

/**
 * Takes jobs out of the index that the server's database has no more: those of its list `removed_jobs`.
 * @returns those that are out
 */
export function removeJobs(db: Database, main: Database): string[] {
  const removed = main.all<{ id: string }>('SELECT id FROM removed_jobs LIMIT 100')
  for (const { id } of removed) {
    const job = db.get<{ number: number }>('SELECT number FROM jobs WHERE id = ?', id)
    if (job !== undefined) removeJob(db, job.number, id)
  }
  return removed.map(({ id }) => id)
}

function removeJob(db: Database, job: number, id: string): void {
  db.transaction(() => {
    // Words that no other job has are forgotten, too.
    db.run(
      `DELETE FROM terms WHERE id IN (SELECT term FROM facts WHERE job = ?1 UNION ALL SELECT term FROM folders WHERE job = ?1)
         AND NOT EXISTS (SELECT 1 FROM facts WHERE term = terms.id AND job <> ?1)
         AND NOT EXISTS (SELECT 1 FROM folders WHERE term = terms.id AND job <> ?1)`,
      job,
    )
    for (const table of [
      'facts',
      'folders',
      'rows',
      'processes',
      'files',
      'files_again',
      'requests',
      'segments',
    ])
      db.run(`DELETE FROM ${table} WHERE job = ?`, job)
    db.run('DELETE FROM detections WHERE job_id = ?', id)
    db.run('DELETE FROM jobs WHERE number = ?', job)
  })
}
