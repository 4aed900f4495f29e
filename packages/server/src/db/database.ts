import { chmodSync, closeSync, existsSync, openSync, statSync } from 'node:fs'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'

/** Texts of statements are constants of the sources; a program that made them up would be noticed by its slowness, not by its memory. */
const mostStatements = 1000

type Parameters = readonly SQLInputValue[]

/**
 * One connection to the server's database. Calls return when they are done, and what a transaction has written is on the
 * disk when it returns (WAL, synchronous=FULL).
 */
export class Database implements Disposable {
  readonly path: string
  readonly #db: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  #depth = 0

  /** @param lock for its lock alone: no WAL, and nobody waits for it */
  constructor(path: string, { readOnly = false, lock = false } = {}) {
    this.path = path
    if (!readOnly) keepPrivate(path)
    this.#db = new DatabaseSync(path, { readOnly, timeout: lock ? 0 : 10_000 })
    if (!readOnly && !lock) this.#db.exec('PRAGMA journal_mode = WAL')
    this.#db.exec(
      'PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF',
    )
  }

  /** Node's own, for what this class has no words for. */
  get raw(): DatabaseSync {
    return this.#db
  }

  /** All rows; what they look like is the caller's word. */
  all<T>(sql: string, ...parameters: Parameters): T[] {
    return this.#prepare(sql).all(...parameters) as T[]
  }

  /** The same one after the other: of those that are not looked at nothing is read. Not two of one text at once. */
  iterate<T>(sql: string, ...parameters: Parameters): Iterable<T> {
    return this.#prepare(sql).iterate(...parameters) as Iterable<T>
  }

  /** The first row. */
  get<T>(sql: string, ...parameters: Parameters): T | undefined {
    return this.#prepare(sql).get(...parameters) as T | undefined
  }

  /** @returns how many rows it changed */
  run(sql: string, ...parameters: Parameters): number {
    return Number(this.#prepare(sql).run(...parameters).changes)
  }

  /** Several statements, without parameters. */
  exec(sql: string): void {
    this.#db.exec(sql)
  }

  /** All of it or nothing; within another transaction a part of that. */
  transaction<T>(act: () => T): T {
    const nested = this.#depth > 0
    const name = `nested${this.#depth}`
    this.#db.exec(nested ? `SAVEPOINT ${name}` : 'BEGIN IMMEDIATE')
    this.#depth++
    try {
      const result = act()
      this.#db.exec(nested ? `RELEASE ${name}` : 'COMMIT')
      return result
    } catch (error) {
      // A full disk may have ended it already.
      if (this.#db.isTransaction)
        this.#db.exec(nested ? `ROLLBACK TO ${name}; RELEASE ${name}` : 'ROLLBACK')
      throw error
    } finally {
      this.#depth--
    }
  }

  close(): void {
    this.#statements.clear()
    if (this.#db.isOpen) this.#db.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      if (this.#statements.size >= mostStatements) this.#statements.clear()
      statement = this.#db.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }
}

/**
 * Nobody but the server's own user reads in it, whatever lets others into its folder. SQLite makes the files beside it with its mode;
 * those of a server that was killed are there already.
 */
function keepPrivate(path: string): void {
  if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600))
  for (const end of ['', '-wal', '-shm', '-journal']) {
    const mode = statSync(path + end, { throwIfNoEntry: false })?.mode ?? 0
    if ((mode & 0o077) !== 0) chmodSync(path + end, 0o600)
  }
}
