import { readFileSync, mkdtempDisposableSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { databaseName, openDatabase } from '../src/data-folder.ts'
import { Database } from '../src/db/database.ts'
import { migrate } from '../src/db/migrate.ts'
import { migrations } from '../src/db/migrations/index.ts'
import { ServerRig } from './server-rig.ts'

const folder = () => mkdtempDisposableSync(join(tmpdir(), 'runwarden-migrate-'))

/** What a database consists of, by name. */
const schemaOf = (db: Database): unknown[] =>
  db.all("SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name")

test('numbers are there once, and in their order', () => {
  const numbers = migrations.map(({ number }) => number)
  expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b))
})

test('the database of version 1 becomes one of today, with all that was in it', async () => {
  using place = folder()
  const path = join(place.path, databaseName)
  const first = new DatabaseSync(path)
  first.exec(readFileSync(join(import.meta.dirname, 'version-1.sql'), 'utf8'))
  first.close()

  await using rig = await ServerRig.start({ data: place.path })
  const { db } = rig.server.context
  using fresh = new Database(':memory:')
  migrate(fresh, 0)
  expect(schemaOf(db)).toEqual(schemaOf(fresh))
  // The administrator of then, and a key that somebody has in a workflow.
  expect(rig.server.signInUrl).toBeNull()
  const key = 'rwk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
  expect(await rig.ask('GET', '/v1/me', { as: key })).toMatchObject({
    status: 200,
    body: { kind: 'key', name: 'of version 1', organisations: [{ name: 'first', role: 'viewer' }] },
  })
})

test('a step that fails leaves nothing of itself, and the next start goes on there', () => {
  using place = folder()
  using db = openDatabase(place.path, 1)
  const before = schemaOf(db)
  const more = [...migrations, { number: 900, name: 'good', sql: 'CREATE TABLE good (id TEXT)' }]
  const bad = { number: 901, name: 'bad', sql: 'CREATE TABLE bad (id TEXT)' }
  const broken = { ...bad, sql: `${bad.sql}; INSERT INTO nowhere VALUES (1)` }
  expect(() => migrate(db, 2, [...more, broken])).toThrow('nowhere')
  expect(schemaOf(db)).toHaveLength(before.length + 1)
  expect(migrate(db, 3, [...more, bad])).toEqual(['bad'])
})

test('the database of a newer server is refused, and left as it is', () => {
  using place = folder()
  openDatabase(place.path, 1).close()
  const db = new Database(join(place.path, databaseName))
  migrate(db, 2, [...migrations, { number: 900, name: 'new', sql: 'CREATE TABLE new (id TEXT)' }])
  const before = schemaOf(db)
  db.close()
  expect(() => openDatabase(place.path, 3)).toThrow(
    'made by a newer version of runwarden (it has new)',
  )
  using after = new Database(join(place.path, databaseName))
  expect(schemaOf(after)).toEqual(before)
})
