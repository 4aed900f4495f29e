import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Event } from '@runwarden/events'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { sampleReport } from '../../../events/test/sample-report.ts'
import { UnsentSender } from '../../src/uplink/send-unsent.ts'
import { UnsentJob } from '../../src/uplink/unsent.ts'
import { Uplink } from '../../src/uplink/uplink.ts'
import { ControlPlane } from './control-plane.ts'

let plane: ControlPlane
let home: string
/** What waits of the job. */
let waiting: string
let said: string[]
const wait = { mostMs: 60_000, quietMs: 20_000 }

beforeEach(async () => {
  plane = await ControlPlane.start()
  home = mkdtempSync(join(tmpdir(), 'runwarden-unsent-'))
  waiting = join(home, 'unsent/job1')
  said = []
})
afterEach(async () => {
  await plane[Symbol.asyncDispose]()
  rmSync(home, { recursive: true, force: true })
})

const say = (text: string): void => void said.push(text)
const sendUnsent = (): Promise<unknown> => UnsentSender.start(say, { home }).tried

function openUplink(): Uplink {
  const { url, jobId, token } = plane
  return Uplink.open({ url, jobId, token, blockList: null, policies: null }, home)
}

/** An agent that is killed, as by kill -9, when the condition holds. */
async function killedAgent(when: () => boolean): Promise<void> {
  const { url, jobId, token } = plane
  const script = join(import.meta.dirname, 'uplink-child.ts')
  const child = spawn(process.execPath, [script, url, jobId, token, home], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  await vi.waitFor(() => expect(when()).toBe(true), { timeout: 30_000, interval: 5 })
  child.kill('SIGKILL')
  await once(child, 'exit')
}

/** What lies in the spool as lines that were not packed, and what arrived: once each, in order, without a hole. */
function expectWhole(): void {
  const arrived = plane.events.map((event) => (event as Event).seq)
  expect(arrived).toEqual(Array.from(arrived, (_, i) => i + 1))
  expect(plane.faults).toEqual([])
}

test(
  'an agent that is killed in the middle of sending, again and again: the next one sends the rest, nothing twice',
  { timeout: 300_000 },
  async () => {
    for (const [round, after] of [1, 3, 5, 8].entries()) {
      await killedAgent(() => plane.segments.size >= after)
      // Else the job goes on: the next agent goes on with its spool by itself.
      const isSent = round % 2 === 0
      if (isSent) await sendUnsent()
      expectWhole()
      if (!isSent) continue
      // Another job.
      plane.finished = undefined
      plane.segments.clear()
    }
    expect(plane.segments.size).toBeGreaterThanOrEqual(8)
  },
)

test('what was handed to the system before the kill arrives, though the control plane was away', async () => {
  await plane.down()
  const spool = join(waiting, 'spool')
  await killedAgent(() => existsSync(spool) && readdirSync(spool).length > 4)
  const before = readdirSync(spool)
  const unpacked = before
    .filter((name) => name.endsWith('.ndjson'))
    .flatMap((name) => readFileSync(join(spool, name), 'utf8').split('\n').slice(0, -1))
    .map((line) => (JSON.parse(line) as Event).seq)
  await plane.up()
  await sendUnsent()
  expectWhole()
  expect(plane.events.length).toBeGreaterThanOrEqual(Math.max(...unpacked))
  expect(said).toEqual([`${plane.url} has got the rest of job job1, whose agent ended before`])
  // Nobody knows how the job ended: that is what is said.
  expect(plane.finished).toMatchObject({ report: null, exit: null })
  expect(readdirSync(home)).toEqual([])
})

test('what waits is for root alone, of one agent at a time, and goes when all is sent', async () => {
  const uplink = openUplink()
  expect(statSync(join(home, 'unsent')).mode & 0o777).toBe(0o700)
  expect(statSync(waiting).mode & 0o777).toBe(0o700)
  // Its agent lives: nobody else takes it.
  expect(UnsentJob.claim(home)).toEqual([])
  expect(openUplink).toThrow(`another agent has ${waiting}`)
  await uplink.finish({ report: sampleReport, exit: 0 }, wait)
  await uplink.close()
  expect(readdirSync(home)).toEqual([])
})

test('a job that had ended while its control plane was away ends there, with its report and what that agent had lost', async () => {
  await leave({ exit: 3, tooLong: true })
  await sendUnsent()
  const { health } = sampleReport
  const eventsLost = { ...health.eventsLost, spool: 1 }
  const gaps = [
    ...health.gaps,
    expect.stringMatching(/^1 events are not at the control plane: they did not fit/),
  ]
  expect(plane.finished).toMatchObject({
    exit: 3,
    sequence: 1,
    report: { ...sampleReport, health: { ...health, eventsLost, gaps } },
  })
  expectWhole()
  expect(readdirSync(home)).toEqual([])
})

test('of what was kept at the end, what is no longer there, or as it was, is not made up for', async () => {
  await leave({ exit: 0 })
  const { sequence, hash } = keptEnd()
  rmSync(join(waiting, 'spool'), { recursive: true })
  writeFileSync(join(waiting, 'report.json'), JSON.stringify({ ...sampleReport, exitStatus: 7 }))
  let ended = ''
  plane.fault = async (request, response) => {
    for await (const part of request) ended += part
    response.setHeader('content-type', 'application/json').end('{"insightsUrl":null}')
    return true
  }
  await sendUnsent()
  // The control plane finds that the segment is missing.
  expect(JSON.parse(ended)).toEqual({ sequence, hash, report: null, exit: 0 })
  expect(sequence).toBe(1)
})

test('a place that others can write to has no jobs', async () => {
  await leave({ exit: 0 })
  for (const path of [home, join(home, 'unsent'), waiting]) {
    const { mode } = statSync(path)
    chmodSync(path, 0o777)
    await sendUnsent()
    if (path !== home) expect(openUplink).toThrow(`others can write to ${path}`)
    chmodSync(path, mode)
  }
  expect(plane.asked).toEqual([])
  await sendUnsent()
  expectWhole()
})

test('a token that is no longer known: that is said once, and the job is dropped; nobody waits for it', async () => {
  await leave({ exit: 0 })
  plane.fault = (_, response) => {
    response.writeHead(401).end('{}')
    return true
  }
  await sendUnsent()
  expect(said).toEqual([
    expect.stringMatching(
      new RegExp(`^what was left of job job1 is given up, and ${waiting} removed: .* answered 401`),
    ),
  ])
  expect(said[0]).not.toContain('wait in')
  expect(readdirSync(home)).toEqual([])
  expect(plane.asked).toHaveLength(1)
})

test('what has waited for long is sent all the same; it is dropped, and that said, where nobody takes it', async () => {
  await leave({ exit: 0 })
  age()
  await sendUnsent()
  expect(plane.finished).toMatchObject({ exit: 0 })
  plane.finished = undefined

  await leave({ exit: 0 })
  await plane.down()
  // Not yet old, it waits on, and that is said once.
  const sender = UnsentSender.start(say, { home, again: true })
  await sender.end()
  expect(said.splice(0)).toEqual([
    `${plane.url} has got the rest of job job1, whose agent ended before`,
    expect.stringMatching(new RegExp(`^of job job1, .*; they wait in ${waiting}$`)),
  ])
  // Another network's is for an agent there; what is on its loopback is not on this one's.
  change((job) => ({ ...job, network: 'net:[1]' }))
  await sendUnsent()
  expect(UnsentJob.claim(home)).toEqual([])
  age()
  await sendUnsent()
  expect(said).toEqual([
    `what was left of job job1 is given up, and ${waiting} removed: ${plane.url} is in another network namespace`,
  ])
  expect(readdirSync(home)).toEqual([])
})

const event = {
  kind: 'agent.health',
  seq: 1,
  time: 0,
  scope: 'test',
  execId: null,
  step: null,
  state: 'gap',
  detail: 'x',
  tier: 'T0',
  hooks: [],
  eventsLost: {},
} satisfies Event

/** A job that ended while its control plane was away. */
async function leave({ exit, tooLong = false }: { exit: number; tooLong?: boolean }) {
  await plane.down()
  const uplink = openUplink()
  uplink.add(event)
  if (tooLong) uplink.add({ ...event, detail: 'x'.repeat(1 << 20) })
  await uplink.finish({ report: sampleReport, exit }, { mostMs: 0, quietMs: 0 })
  await uplink.close()
  await plane.up()
}

interface Kept {
  since: number
  end: { sequence: number; hash: string }
}

const keptEnd = (): Kept['end'] =>
  (JSON.parse(readFileSync(join(waiting, 'job.json'), 'utf8')) as Kept).end

function change(how: (job: Kept) => object): void {
  const file = join(waiting, 'job.json')
  writeFileSync(file, JSON.stringify(how(JSON.parse(readFileSync(file, 'utf8')) as Kept)))
}

/** As after a week, or for a clock that was wrong. */
const age = (): void => change((job) => ({ ...job, since: job.since - 8 * 24 * 3_600_000 }))
