import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempDisposableSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { backup, restore } from '../src/backup.ts'
import { cleanUp } from '../src/housekeeping.ts'
import { sampleReport } from '../../events/test/sample-report.ts'
import { jobStart, TestAgent } from './ingest/test-agent.ts'
import { ServerRig } from './server-rig.ts'

const dayMs = 24 * 3_600_000

let rig: ServerRig
let now: number
beforeEach(async () => {
  now = Date.now()
  const config = { retentionDays: 90, retentionSize: 250_000 }
  rig = await ServerRig.start(config, { clock: () => now })
})
afterEach(() => rig[Symbol.asyncDispose]())

/** A job with a segment of 100,000 bytes. */
async function job(): Promise<TestAgent> {
  const agent = new TestAgent(rig.url)
  await agent.start(rig.acme.keys.agent)
  const event = { kind: 'dns.query', name: noise(100_000) }
  expect(await agent.send(agent.pack([event as never]))).toMatchObject({ status: 200 })
  return agent
}

/** Text that packs to that many bytes. */
const noise = (bytes: number): string => randomBytes(bytes).toString('base64')

const jobs = (): string[] =>
  rig.server.context.db.all<{ id: string }>('SELECT id FROM jobs ORDER BY id').map(({ id }) => id)
const folders = (data = rig.data): string[] => readdirSync(join(data, 'segments')).toSorted()

test('jobs go when nothing has come of them for too long', async () => {
  const gone = await job()
  now += 80 * dayMs
  const still = await job()
  now += 11 * dayMs
  await cleanUp(rig.server.context)
  expect(jobs()).toEqual([still.jobId])
  expect(folders()).toEqual([still.jobId])
  expect(await gone.heartbeat()).toMatchObject({ status: 401 })
})

test('of too much the oldest go, but none that runs', async () => {
  const all = [await job(), await job(), await job(), await job()].map(({ jobId }) => jobId)
  await cleanUp(rig.server.context)
  expect(jobs()).toEqual(all)
  now += 2 * 3_600_000
  const running = await job()
  await cleanUp(rig.server.context)
  const left = [...all.slice(-1), running.jobId]
  expect(jobs()).toEqual(left)
  expect(folders()).toEqual(left)
})

test('what one organisation sends takes nothing from another, and jobs without segments count, too', async () => {
  const other = new TestAgent(rig.url)
  const repository = { repository: 'other/app', workflowRef: null }
  await other.start(rig.other.keys.agent, jobStart(repository))
  await other.send(other.pack([{ kind: 'dns.query', name: noise(90_000) } as never]))
  await other.finish(sampleReport)
  // It runs, and is not deleted; but nor is anything of others for it.
  const first = await job()
  const running = await job()
  await running.send(running.pack([{ kind: 'dns.query', name: noise(600_000) } as never]))
  await cleanUp(rig.server.context)
  expect(jobs()).toEqual([other.jobId, first.jobId, running.jobId])
  await first.finish(sampleReport)
  await cleanUp(rig.server.context)
  expect(jobs()).toEqual([other.jobId, running.jobId])

  const started = Array.from({ length: 100 }, () => new TestAgent(rig.url))
  for (const agent of started) await agent.start(rig.acme.keys.agent)
  now += 2 * 3_600_000
  await cleanUp(rig.server.context)
  expect(jobs().length).toBeLessThan(60)
  expect(jobs()).toContain(other.jobId)
})

test('a job sends as much as one may, and no more', async () => {
  await using small = await ServerRig.start({ jobSize: 250_000 })
  const agent = new TestAgent(small.url)
  await agent.start(small.acme.keys.agent)
  const send = () => agent.send(agent.pack([{ kind: 'dns.query', name: noise(100_000) } as never]))
  for (const status of [200, 200, 413]) expect(await send()).toMatchObject({ status })
})

test('segments that an end in between has left go, and so does what nobody can use any more', async () => {
  const { db, auth, config } = rig.server.context
  const kept = await job()
  const stray = join(config.data, 'segments', 'z'.repeat(20))
  mkdirSync(stray)
  writeFileSync(join(stray, '1.zst'), 'x')
  auth.createSignInLink(auth.ensureUser('local', 'admin', 'admin'))
  now += 8 * dayMs
  await cleanUp(rig.server.context)
  expect(folders()).toEqual([kept.jobId])
  for (const table of ['sessions', 'sign_in_links', 'job_tokens'])
    expect(db.all(`SELECT 1 FROM ${table}`)).toEqual([])
})

test('a backup while jobs report is whole: what its database names is there, and is found again', async () => {
  const first = await job()
  using place = mkdtempDisposableSync(join(tmpdir(), 'runwarden-backup-'))
  const to = join(place.path, 'backup')
  const data = join(place.path, 'restored')
  const more = job()
  // As people type folders.
  await backup(`${relative(process.cwd(), rig.data)}/`, `${to}/`)
  await more
  await restore(to, data)
  {
    await using restored = await ServerRig.start({ data }, { clock: () => now })
    const { db } = restored.server.context
    const named = db.all<{ job_id: string; seq: number }>('SELECT job_id, seq FROM segments')
    expect(named.map((one) => one.job_id)).toContain(first.jobId)
    for (const { job_id: id, seq } of named)
      expect(existsSync(join(data, 'segments', id, `${seq}.zst`))).toBe(true)
    await restored.server.context.ingest.indexer.settled(60_000)
    expect(restored.server.context.ingest.indexer.behind()).toBe(0)
  }
})
