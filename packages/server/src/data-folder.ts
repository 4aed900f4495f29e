import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError } from './config-table.ts'
import { Database } from './db/database.ts'
import { migrate } from './db/migrate.ts'

/** The server's database, in the folder of `--data`. */
export const databaseName = 'runwarden.sqlite'

/**
 * The database of a folder, as this version expects it; both are made where they are missing.
 * @throws MigrationError
 */
export function openDatabase(data: string, now: number): Database {
  // Nobody but the server's own user reads in it.
  mkdirSync(data, { recursive: true, mode: 0o700 })
  const db = new Database(join(data, databaseName))
  try {
    migrate(db, now)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/** @throws ConfigError where a folder is no server's */
export function openExisting(data: string, now: number): Database {
  if (!existsSync(join(data, databaseName)))
    throw new ConfigError(`${data} holds no data of a server (there is no ${databaseName})`)
  return openDatabase(data, now)
}

/**
 * Keeps a second server from the same folder, until it is disposed of or the process is gone, however it went.
 * @throws ConfigError
 */
export function lockFolder(data: string): Disposable {
  mkdirSync(data, { recursive: true, mode: 0o700 })
  let lock: Database | undefined
  try {
    // SQLite's lock is the kernel's, on an open file: none is ever left behind.
    lock = new Database(join(data, 'server.lock'), { lock: true })
    lock.exec('BEGIN EXCLUSIVE')
    return lock
  } catch (error) {
    lock?.close()
    if (!/database is locked/.test(String(error))) throw error
    throw new ConfigError(`another server runs over ${data}`, { cause: error })
  }
}
