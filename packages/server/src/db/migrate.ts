import type { Database } from './database.ts'
import { type Migration, migrations as all } from './migrations/index.ts'

/** The database is of another version of the server than this one. */
export class MigrationError extends Error {
  readonly code = 'MIGRATION'
}

/**
 * @returns the steps that a database has not
 * @throws MigrationError when it has steps that this version does not know
 */
function missingOf(db: Database, migrations: readonly Migration[]): Migration[] {
  const known = new Set(migrations.map(({ number }) => number))
  const done = db.all<{ number: number; name: string }>('SELECT number, name FROM migrations')
  const unknown = done.filter(({ number }) => !known.has(number))
  if (unknown.length > 0) {
    throw new MigrationError(
      `${db.path} was made by a newer version of runwarden (it has ${unknown.map(({ name }) => name).join(', ')}); start that version, or restore a backup of this one`,
    )
  }
  return migrations
    .filter(({ number }) => !done.some((one) => one.number === number))
    .toSorted((a, b) => a.number - b.number)
}

/** @throws MigrationError where a database is another version's: only the server itself brings one up to date */
export function checkMigrated(db: Database): void {
  const [missing] = missingOf(db, all)
  if (missing !== undefined)
    throw new MigrationError(
      `${db.path} is of an older version of runwarden (it has no ${missing.name}); start the server of this version first, or use that version`,
    )
}

/**
 * Brings a database to what this version of the server expects, each step in a transaction of its own: what was interrupted
 * is gone on with at the next start.
 * @returns names of what was applied
 * @throws MigrationError, and nothing is changed, when the database has steps that this version does not know
 */
export function migrate(
  db: Database,
  now: number,
  migrations: readonly Migration[] = all,
): string[] {
  db.exec(
    'CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT',
  )
  return missingOf(db, migrations).map(({ number, name, sql }) => {
    db.transaction(() => {
      db.exec(sql)
      db.run('INSERT INTO migrations VALUES (?, ?, ?)', number, name, now)
    })
    return name
  })
}
