import { mkdirSync, mkdtempDisposableSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { administer } from '../src/administer.ts'
import { backup } from '../src/backup.ts'
import { readConfig } from '../src/config.ts'
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

/** Of the steps that the database of a folder has. */
function numbers(of: string): unknown[] {
  using db = new Database(join(of, databaseName))
  return db.all('SELECT number FROM migrations')
}

test('a backup leaves the database of another version as it is, and the command line writes into none', async () => {
  using place = folder()
  const data = join(place.path, 'data')
  mkdirSync(data)
  {
    using db = new Database(join(data, databaseName))
    db.exec(readFileSync(join(import.meta.dirname, 'version-1.sql'), 'utf8'))
  }
  const before = numbers(data)
  expect(before.length).toBeLessThan(migrations.length)
  const to = join(place.path, 'backup')
  await backup(data, to)
  const config = readConfig({ data }, {})
  const key = { organisation: 'acme', role: 'viewer', name: 'x' }
  expect(() => administer.createKey(config, key)).toThrow(/is of an older version of runwarden/)
  expect(() => administer.signIn(config)).toThrow(/is of an older version of runwarden/)
  expect([numbers(data), numbers(to)]).toEqual([before, before])
  {
    using db = new Database(join(data, databaseName))
    db.run("INSERT INTO migrations VALUES (900, 'new', 0)")
  }
  expect(() => administer.createKey(config, key)).toThrow(/was made by a newer version/)
})

test('the policies that a job was given are known by their ids from then on', () => {
  using place = folder()
  using db = new Database(join(place.path, databaseName))
  migrate(
    db,
    0,
    migrations.filter(({ number }) => number < 45),
  )
  const given = [
    { level: 'job', name: 'base', version: 1 },
    { level: 'cluster', name: 'base', version: 2 },
    { level: 'repository', name: 'gone', version: 1 },
  ]
  db.exec(`
    INSERT INTO organisations (id, name, created_at) VALUES ('o', 'acme', 0);
    INSERT INTO policies VALUES ('own', 'o', 'base', 1, NULL), ('servers', NULL, 'base', 2, NULL);
    INSERT INTO jobs (id, organisation_id, policy_from, proven, started_at, heard_at) VALUES ('j', 'o', 'store', 0, 0, 0);
    INSERT INTO job_modes (job_id, policies) VALUES ('j', '${JSON.stringify(given)}')`)
  migrate(db, 0)
  expect(
    JSON.parse(db.get<{ policies: string }>('SELECT policies FROM job_modes')?.policies ?? ''),
  ).toEqual([
    { id: 'own', level: 'job', version: 1 },
    { id: 'servers', level: 'cluster', version: 2 },
  ])
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
