import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Event } from '@runwarden/events'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { sampleReport } from '../../../events/test/sample-report.ts'
import { sendUnsent } from '../../src/uplink/send-unsent.ts'
import { UnsentJob } from '../../src/uplink/unsent.ts'
import { Uplink } from '../../src/uplink/uplink.ts'
import { ControlPlane } from './control-plane.ts'

let plane: ControlPlane
let home: string
let record: string
let said: string[]
const wait = { mostMs: 60_000, quietMs: 20_000 }

beforeEach(async () => {
  plane = await ControlPlane.start()
  home = mkdtempSync(join(tmpdir(), 'runwarden-unsent-'))
  record = join(home, 'record')
  said = []
})
afterEach(async () => {
  await plane[Symbol.asyncDispose]()
  rmSync(home, { recursive: true, force: true })
})

const say = (text: string): void => void said.push(text)
const filesOf = (): string[] => readdirSync(join(home, 'unsent'))

function openUplink(): Uplink {
  const { url, jobId, token } = plane
  return Uplink.open({ url, jobId, token, blockList: null, policies: null }, record, home)
}

/** An agent that is killed, as by kill -9, when the condition holds. */
async function killedAgent(when: () => boolean): Promise<void> {
  const { url, jobId, token } = plane
  const script = join(import.meta.dirname, 'uplink-child.ts')
  const child = spawn(process.execPath, [script, url, jobId, token, record, home], {
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
      if (round % 2 === 0) await sendUnsent(wait, say, home)
      // The job goes on: the next agent goes on with its spool by itself.
      else UnsentJob.claim(home)[0]?.remove()
      expectWhole()
      // The test's job goes on all the same.
      plane.finished = undefined
    }
    expect(plane.segments.size).toBeGreaterThanOrEqual(8)
  },
)

test('what was handed to the system before the kill arrives, though the control plane was away', async () => {
  await plane.down()
  const spool = join(record, 'spool-job1')
  await killedAgent(() => existsSync(spool) && readdirSync(spool).length > 4)
  const before = readdirSync(spool)
  const unpacked = before
    .filter((name) => name.endsWith('.ndjson'))
    .flatMap((name) => readFileSync(join(spool, name), 'utf8').split('\n').slice(0, -1))
    .map((line) => (JSON.parse(line) as Event).seq)
  await plane.up()
  await sendUnsent(wait, say, home)
  expectWhole()
  expect(plane.events.length).toBeGreaterThanOrEqual(Math.max(...unpacked))
  expect(said).toEqual([`${plane.url} has got the rest of job job1, whose agent ended before`])
  // Nobody knows how the job ended: that is what is said.
  expect(plane.finished).toMatchObject({ report: null, exit: null })
  expect(readdirSync(record)).toEqual([])
  expect(existsSync(join(home, 'unsent'))).toBe(false)
})

test('the token is for root alone, and goes when all is sent', async () => {
  const uplink = openUplink()
  const [name = ''] = filesOf()
  expect(statSync(join(home, 'unsent')).mode & 0o777).toBe(0o700)
  expect(statSync(join(home, 'unsent', name)).mode & 0o777).toBe(0o600)
  // Its agent lives: nobody else takes it.
  expect(UnsentJob.claim(home)).toEqual([])
  await uplink.finish({ report: sampleReport, exit: 0 }, wait)
  await uplink.close()
  expect(existsSync(join(home, 'unsent'))).toBe(false)
})

test('a job that had ended while its control plane was away ends there, with its report', async () => {
  await plane.down()
  const uplink = openUplink()
  uplink.add(event)
  await uplink.finish({ report: sampleReport, exit: 3 }, { mostMs: 0, quietMs: 0 })
  await uplink.close()
  writeFileSync(join(record, 'report.json'), JSON.stringify(sampleReport))
  leftBehind()
  await plane.up()
  await sendUnsent(wait, say, home)
  expect(plane.finished).toMatchObject({ exit: 3, sequence: 1 })
  expectWhole()
  expect(existsSync(join(home, 'unsent'))).toBe(false)
})

test('what is a link in place of the report is not sent; a record that is gone is given up', async () => {
  await plane.down()
  const uplink = openUplink()
  uplink.add(event)
  await uplink.finish({ report: sampleReport, exit: 0 }, { mostMs: 0, quietMs: 0 })
  await uplink.close()
  const elsewhere = join(home, 'elsewhere.json')
  writeFileSync(elsewhere, JSON.stringify(sampleReport))
  symlinkSync(elsewhere, join(record, 'report.json'))
  leftBehind()
  await plane.up()
  await sendUnsent(wait, say, home)
  expectWhole()
  expect(plane.segments.size).toBe(1)
  expect(plane.finished).toMatchObject({ report: null })

  await openUplink().close()
  const other = openUplink()
  other.add(event)
  leftBehind()
  rmSync(record, { recursive: true })
  await sendUnsent(wait, say, home)
  expect(said.at(-1)).toBe(`what was left of job job1 is lost: ${record} is not there any more`)
  expect(existsSync(join(home, 'unsent'))).toBe(false)
  await other.close()
})

test.for([
  ['is of another agent that lives', `${process.pid}-${startOf(process.pid)}`],
  ['is of no job', 'x'],
])('what %s is left alone', async ([, owner]) => {
  const uplink = openUplink()
  await uplink.close()
  const folder = join(home, 'unsent')
  expect(existsSync(folder)).toBe(false)
  UnsentJob.keep(
    { url: plane.url, jobId: 'job2', token: 'x', blockList: null, policies: null, record },
    home,
  )
  const [name = ''] = filesOf()
  const other = join(folder, `job2.${owner}.json`)
  writeFileSync(other, readFileSync(join(folder, name)))
  await sendUnsent(wait, say, home)
  expect(existsSync(other)).toBe(true)
  expect(plane.asked).toEqual([])
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

function startOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}

/** Its agent has ended: the files are of a process that is no more. */
function leftBehind(): void {
  for (const name of filesOf()) {
    const path = join(home, 'unsent', name)
    writeFileSync(
      join(home, 'unsent', name.replace(/\.\d+-\d+\./, '.4194303-1.')),
      readFileSync(path),
    )
    rmSync(path)
  }
}
