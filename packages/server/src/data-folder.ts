import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
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
  makeFolder(data)
  const db = new Database(join(data, databaseName))
  try {
    migrate(db, now)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/**
 * The database of a folder as it is, of whatever version: the server that runs over it may be of another one than this.
 * @throws ConfigError where a folder is no server's
 */
export function openExisting(data: string): Database {
  if (!existsSync(join(data, databaseName)))
    throw new ConfigError(`${data} holds no data of a server (there is no ${databaseName})`)
  return new Database(join(data, databaseName))
}

/**
 * Keeps a second server from the same folder, until it is disposed of or the process is gone, however it went.
 * @throws ConfigError
 */
export function lockFolder(data: string): Disposable {
  makeFolder(data)
  let lock: Database | undefined
  try {
    // SQLite's lock is the kernel's, on an open file: none is ever left behind.
    lock = new Database(join(data, 'server.lock'), { lock: true })
    lock.exec('BEGIN EXCLUSIVE')
    return lock
  } catch (error) {
    lock?.close()
    if (!/database is locked/.test(String(error))) throw error
    throw new ConfigError(`another server runs over ${data}`, {
      cause: error,
      advice: 'end that one, or name another folder with --data',
    })
  }
}

/** Of one that is there already nothing is changed: its files are the server's alone all the same. @throws ConfigError */
function makeFolder(data: string): void {
  try {
    makeFolders(data)
  } catch (error) {
    throw new ConfigError(`the folder ${data} can't be made: ${(error as Error).message}`, {
      cause: error,
      advice: 'name a folder that can with --data',
    })
  }
}

/**
 * A folder, and those above it that are missing; of one that is there already nothing is changed. Node's own way never ends where
 * a folder takes none (/proc).
 */
export function makeFolders(path: string): void {
  const missing: string[] = []
  for (let at = resolve(path); !existsSync(at); at = dirname(at)) missing.unshift(at)
  for (const folder of missing) mkdirSync(folder, { mode: 0o700 })
  if (!statSync(path).isDirectory()) throw new Error('what has its name is no folder')
}

const urlFile = (data: string): string => join(data, 'url')

/** Keeps where the server is reached, for the commands that work in its folder. */
export function keepUrl(data: string, url: string): void {
  writeFileSync(urlFile(data), `${url}\n`, { mode: 0o600 })
}

/** Where the server of a folder was reached last; undefined: none has begun yet. */
export function keptUrl(data: string): string | undefined {
  return existsSync(urlFile(data)) ? readFileSync(urlFile(data), 'utf8').trim() : undefined
}
