import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Event } from '@runwarden/events'
import { madeUpToken } from '@runwarden/lab/tokens'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type LiveJob, Uplink } from '../../src/uplink/uplink.ts'
import { ControlPlane } from './control-plane.ts'
import { sampleReport as report } from '../../../events/test/sample-report.ts'

let plane: ControlPlane
let folder: string
let uplink: Uplink
let gaps: string[]
let applied: string[]
let text: string
let seq = 0
const wait = { mostMs: 60_000, quietMs: 60_000 }
const patience = { timeout: 50_000, interval: 10 }

beforeEach(async () => {
  plane = await ControlPlane.start()
  folder = mkdtempSync(join(tmpdir(), 'runwarden-uplink-'))
  gaps = []
  applied = []
  text = 'version: 1\n'
  seq = 0
  uplink = openUplink()
})
afterEach(async () => {
  await uplink.close()
  await plane[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

function openUplink(): Uplink {
  const { url, jobId, token } = plane
  return Uplink.open({ url, jobId, token, blockList: 'v1', policies: 'p1' }, folder)
}

const live: LiveJob = {
  health: () => ({ tier: 'T0', eventsLost: {} }),
  policy: () => ({ egress: 'block', text, otherwise: null }),
  gap: (sentence) => gaps.push(sentence),
  blockBy: async (list, version) => {
    if (list === 'bad') throw new Error('it is no list')
    applied.push(version)
  },
  policyBy: async ([policy], name, version) => {
    if (policy?.text === 'bad') throw new Error('it is no policy')
    text = policy?.text ?? ''
    applied.push(`${version}: ${name}`)
  },
}

function add(count: number, detail = 'x'): void {
  for (let i = 0; i < count; i++)
    uplink.add({
      kind: 'agent.health',
      seq: ++seq,
      time: 0,
      scope: 'test',
      execId: null,
      step: null,
      state: 'gap',
      detail,
      tier: 'T0',
      hooks: [],
      eventsLost: {},
    } satisfies Event)
}

/** All that was added is there, once, in order, and nothing was wrong on the way. */
function expectAll(): void {
  expect(plane.events.map((event) => (event as Event).seq)).toEqual(
    Array.from({ length: seq }, (_, i) => i + 1),
  )
  expect(plane.faults).toEqual([])
}

test('events arrive while the job goes on, and the end with the report; nothing stays', async () => {
  uplink.follow(live)
  add(10)
  await vi.waitFor(() => expect(plane.events).toHaveLength(10), patience)
  add(5)
  expect(await uplink.finish({ report, exit: 3 }, wait)).toEqual({
    finished: true,
    insightsUrl: `${plane.url}/insights`,
    unsent: null,
    final: false,
  })
  expectAll()
  expect(plane.finished).toMatchObject({ exit: 3, sequence: plane.segments.size })
  expect(plane.heartbeats[0]).toMatchObject({ tier: 'T0', armed: true })
  await uplink.close()
  expect(readdirSync(folder)).toEqual([])
  expect(gaps).toEqual([])
})

test('a job without an event ends with no segment', async () => {
  uplink.follow(live)
  expect(await uplink.finish({ report, exit: 0 }, wait)).toMatchObject({ finished: true })
  expect(plane.finished).toMatchObject({ sequence: 0, hash: '0'.repeat(64) })
  expectAll()
})

test('many segments arrive in order, though answers are 500, 503 with Retry-After, cut off, and late', async () => {
  let asked = 0
  plane.fault = async (request, response) => {
    if (!request.url?.includes('/segments/')) return false
    asked++
    if (asked % 5 === 1) response.writeHead(500).end('oops')
    else if (asked % 5 === 2) response.writeHead(503, { 'retry-after': '1' }).end()
    else if (asked % 5 === 3) request.socket.destroy()
    else if (asked % 5 === 4) {
      await new Promise((resolve) => setTimeout(resolve, 300))
      return false
    } else return false
    return true
  }
  uplink.follow(live)
  add(6000, 'y'.repeat(1000))
  expect(await uplink.finish({ report, exit: 0 }, wait)).toMatchObject({ finished: true })
  expect(plane.segments.size).toBeGreaterThan(4)
  expectAll()
})

test('an acknowledgement that is lost on its way: the segment comes again, the same', async () => {
  const kept: string[] = []
  plane.fault = (request, response) => {
    if (!request.url?.includes('/segments/') || kept.includes(request.url)) return false
    kept.push(request.url)
    const end = response.end.bind(response)
    response.end = () => {
      response.end = end
      request.socket.destroy()
      return response
    }
    return false
  }
  uplink.follow(live)
  add(3000, 'z'.repeat(1000))
  expect(await uplink.finish({ report, exit: 0 }, wait)).toMatchObject({ finished: true })
  expectAll()
  const sent = plane.asked.filter((path) => path.includes('/segments/'))
  expect(sent.length).toBeGreaterThanOrEqual(2 * plane.segments.size)
})

test('a control plane that restarts gets all of it', async () => {
  uplink.follow(live)
  add(3)
  await vi.waitFor(() => expect(plane.events).toHaveLength(3), patience)
  await plane.down()
  add(2500, 'w'.repeat(1000))
  await vi.waitFor(
    () => expect(readdirSync(join(folder, 'unsent/job1/spool')).join(' ')).toContain('.zst'),
    patience,
  )
  await plane.up()
  expect(await uplink.finish({ report, exit: 0 }, wait)).toMatchObject({ finished: true })
  expectAll()
})

test('one that stays away holds the end up no longer than said, and all of it stays on disk', async () => {
  await plane.down()
  uplink.follow(live)
  add(20)
  const sent = await uplink.finish({ report, exit: 0 }, { mostMs: 60_000, quietMs: 1000 })
  expect(sent).toEqual({
    finished: false,
    insightsUrl: null,
    unsent: expect.stringMatching(
      /^1 segments of events \(\d+ bytes\) were not sent to http:.* \(.*ECONNREFUSED\); they wait in .*unsent\/job1$/,
    ),
    final: false,
  })
  await uplink.close()
  expect(readdirSync(join(folder, 'unsent/job1/spool'))).toEqual(['1.zst'])
  // Whoever has the token later sends them as they are.
  await plane.up()
  uplink = openUplink()
  uplink.follow(live)
  expect(await uplink.finish({ report, exit: 0 }, wait)).toMatchObject({ finished: true })
  expectAll()
})

/** What comes for segments and the end is answered by this. */
const answering =
  (status: number, body: string, headers: Record<string, string> = {}) =>
  (request: IncomingMessage, response: ServerResponse): boolean => {
    if (!/segments|finish|heartbeat|policy$/.test(request.url ?? '')) return false
    response.writeHead(status, headers).end(body)
    return true
  }

test('what another than the control plane answers by 200 acknowledges nothing', async () => {
  uplink.follow(live)
  for (const body of ['{"status":"maintenance"}', '{"acknowledged":7}', 'null', '<html>']) {
    plane.fault = answering(200, body)
    add(1)
    const before = plane.asked.length
    await vi.waitFor(() => expect(plane.asked.length).toBeGreaterThan(before), patience)
  }
  const sent = await uplink.finish({ report, exit: 0 }, { mostMs: 60_000, quietMs: 700 })
  expect(sent).toMatchObject({
    finished: false,
    unsent: expect.stringContaining('but not as a control plane does'),
  })
  plane.fault = () => false
  await vi.waitFor(() => expect(plane.finished).toBeDefined(), patience)
  expectAll()
})

test('one that says when to come again is not asked before, and one that is silent is told as that', async () => {
  plane.fault = answering(429, '{}', { 'retry-after': '60' })
  add(1)
  const short = { mostMs: 60_000, quietMs: 1600 }
  const sent = await uplink.finish({ report, exit: 0 }, short)
  expect(sent.unsent).toContain('segments/1 answered 429')
  expect(plane.asked).toEqual(['/v1/jobs/job1/segments/1'])
  await uplink.close()
  plane.fault = () => true
  uplink = openUplink()
  const silent = await uplink.finish({ report, exit: 0 }, short)
  expect(silent.unsent).toContain('(it did not answer in time); they wait in')
})

test('a report that is refused for good: the job ends without, and why', async () => {
  let refused = false
  // As by a proxy, which takes the small one.
  plane.fault = (request, response) => {
    if (!request.url?.endsWith('/finish') || refused) return false
    refused = true
    response.writeHead(413).end('too large')
    return true
  }
  uplink.follow(live)
  add(1)
  expect(await uplink.finish({ report, exit: 3 }, wait)).toEqual({
    finished: false,
    insightsUrl: `${plane.url}/insights`,
    unsent: expect.stringMatching(
      /^the report was not sent to http:\S+ \(.*\/finish answered 413\); it stays in the job's record$/,
    ),
    final: true,
  })
  expect(plane.finished).toMatchObject({
    report: null,
    exit: 3,
    noReport: expect.stringContaining('answered 413'),
  })
  await uplink.close()
  expect(readdirSync(folder)).toEqual([])
})

test('what heartbeats do not show is told: segments that are not taken, and those that are there no more', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
  try {
    uplink.follow(live)
    add(1)
    await vi.advanceTimersByTimeAsync(1000)
    await vi.waitFor(() => expect(plane.segments.size).toBe(1), patience)
    plane.segments.clear()
    await beat()
    const gone =
      'the control plane has no more 1 of the 1 segments of events that it had acknowledged'
    await vi.waitFor(() => expect(gaps).toEqual([expect.stringContaining(gone)]), patience)
    plane.fault = (request, response) => {
      if (!request.url?.includes('/segments/')) return false
      response.writeHead(507).end('{"error":{"message":"the disk is full"}}')
      return true
    }
    add(1)
    const before = plane.asked.length
    await vi.advanceTimersByTimeAsync(1000)
    await vi.waitFor(() => expect(plane.asked.length).toBeGreaterThan(before), patience)
    await vi.advanceTimersByTimeAsync(60_000)
    await vi.waitFor(async () => {
      await beat()
      expect(gaps.at(-1)).toContain('answered 507: the disk is full): they wait for it')
    }, patience)
    expect(gaps).toHaveLength(2)
    // One that does not end is asked for once.
    plane.fault = (request, response) => {
      if (!request.url?.endsWith('/heartbeat')) return false
      response.writeHead(200).write(' ')
      return true
    }
    const beats = () => plane.asked.filter((path) => path.endsWith('/heartbeat')).length
    const asked = beats()
    for (let i = 0; i < 5; i++) {
      await vi.advanceTimersByTimeAsync(10_000)
      await vi.waitFor(() => expect(beats()).toBe(asked + 1), patience)
    }
  } finally {
    vi.useRealTimers()
  }
})

/** A heartbeat, and its answer. */
async function beat(): Promise<void> {
  const { length } = plane.heartbeats
  await vi.advanceTimersByTimeAsync(10_000)
  await vi.waitFor(() => expect(plane.heartbeats.length).toBeGreaterThan(length), patience)
}

test('what was not sent when the job ended goes on being sent', async () => {
  await plane.down()
  uplink.follow(live)
  add(3)
  const { finished } = await uplink.finish({ report, exit: null }, { mostMs: 0, quietMs: 0 })
  expect(finished).toBe(false)
  await plane.up()
  await vi.waitFor(() => expect(plane.finished).toMatchObject({ exit: null }), patience)
  expectAll()
  await vi.waitFor(() => expect(readdirSync(folder)).toEqual([]), patience)
})

test('what another job has left in the same folder is not sent in the name of this one', async () => {
  await plane.down()
  uplink.follow(live)
  add(3)
  await uplink.finish({ report, exit: 0 }, { mostMs: 0, quietMs: 0 })
  await uplink.close()
  await plane.up()
  const { url, token } = plane
  const other = Uplink.open({ url, jobId: 'job2', token, blockList: null, policies: null }, folder)
  expect(readdirSync(join(folder, 'unsent')).toSorted()).toEqual(['job1', 'job2'])
  await other.close()
  expect(readdirSync(join(folder, 'unsent'))).toEqual(['job1'])
  expect(plane.segments.size).toBe(0)
})

test('a segment that is refused for what it is stays, is told, and holds nothing up', async () => {
  plane.fault = (request, response) => {
    if (request.url !== '/v1/jobs/job1/segments/1') return false
    response.writeHead(409).end('{"error":{"message":"segment 1 is there with another hash"}}')
    return true
  }
  uplink.follow(live)
  add(1)
  await vi.waitFor(() => expect(gaps).toHaveLength(1), patience)
  expect(gaps[0]).toContain(
    "segment 1 of the job's events is not at the control plane: http://127.0.0.1",
  )
  expect(gaps[0]).toContain('answered 409: segment 1 is there with another hash')
})

test('a pushed block list is put in force; one that is bad is told, and leaves the one before', async () => {
  uplink.follow(live)
  await vi.waitFor(() => expect(plane.listening).toBe(1), patience)
  plane.blockList = { version: 'v2', text: '{"domains":[{"value":"bad.example","reason":"x"}]}' }
  plane.push('block-list', { version: 'v2' })
  await vi.waitFor(() => expect(applied).toEqual(['v2']), patience)
  plane.blockList = { version: 'v3', text: 'bad' }
  plane.push('block-list', { version: 'v3' })
  await vi.waitFor(() => expect(gaps).toHaveLength(1), patience)
  expect(gaps[0]).toBe(
    'block list v3 of the control plane is NOT in force, what was before it stays: it is no list',
  )
})

test('pushed policies are put in force, with their names; what is bad is told, and leaves those before', async () => {
  uplink.follow(live)
  await vi.waitFor(() => expect(plane.listening).toBe(1), patience)
  pushPolicy('p2', 'version: 1')
  await vi.waitFor(() => expect(applied).toEqual(['p2: policy base v2 (organisation)']), patience)
  pushPolicy('p3', 'bad')
  await vi.waitFor(() => expect(gaps).toHaveLength(1), patience)
  expect(gaps[0]).toBe(
    'policy base v2 (organisation) of the control plane is NOT in force, what was before it stays: it is no policy',
  )
  pushPolicy('p4', null)
  await vi.waitFor(() => expect(applied.at(-1)).toBe('p4: no policy'), patience)
})

/** @param text null: there is none any more */
function pushPolicy(version: string, document: string | null): void {
  const policy = { level: 'organisation', name: 'base', version: 2, text: document ?? '' } as const
  plane.policies = { version, policies: document === null ? [] : [policy] }
  plane.push('policy', { version })
}

test('what is in force is told when the job is armed, and again when another policy is; without secrets', async () => {
  const token = madeUpToken('ghp_', 'Uplink')
  text = `version: 1\n# ${token}\n`
  uplink.follow(live)
  await vi.waitFor(() => expect(plane.told).toHaveLength(1), patience)
  const all = { at: expect.any(Number), egress: 'block', protection: 'armed', tier: 'T0' }
  expect(plane.told).toEqual([{ ...all, text: 'version: 1\n# [github-token]\n', otherwise: null }])
  await vi.waitFor(() => expect(plane.listening).toBe(1), patience)
  pushPolicy('p2', 'version: 1\negress: audit\n')
  await vi.waitFor(() => expect(plane.told).toHaveLength(2), patience)
  expect(plane.told[1]?.text).toBe('version: 1\negress: audit\n')
  // What is not in force is not told.
  pushPolicy('p3', 'bad')
  await vi.waitFor(() => expect(gaps).toHaveLength(1), patience)
  await uplink.finish({ report, exit: 0 }, wait)
  expect(plane.told).toHaveLength(2)
})

test('what is in force is known before the job’s end is, though the control plane was away', async () => {
  await plane.down()
  uplink.follow(live)
  add(1)
  await uplink.finish({ report, exit: null }, { mostMs: 0, quietMs: 0 })
  await plane.up()
  await vi.waitFor(() => expect(plane.finished).toBeDefined(), patience)
  expect(plane.told).toMatchObject([{ egress: 'block', text }])
  const order = plane.asked.filter((path) => /(policy|finish)$/.test(path))
  expect(order).toEqual(['/v1/jobs/job1/policy', '/v1/jobs/job1/finish'])
})

test('a control plane that does not ask for the policy has the rest; one that runs without protection is told', async () => {
  plane.fault = (request, response) => {
    if (request.url !== '/v1/jobs/job1/policy') return false
    response.writeHead(404).end('{}')
    return true
  }
  uplink.unprotected(live.policy())
  add(1)
  expect(await uplink.finish({ report, exit: 0 }, wait)).toMatchObject({ finished: true })
  expectAll()
  expect(gaps).toEqual([])
})

test('a policy that is not there any more stays in force, which is told', async () => {
  uplink.follow(live)
  await vi.waitFor(() => expect(plane.listening).toBe(1), patience)
  plane.fault = (request, response) => {
    if (request.url !== '/v1/jobs/job1/policies') return false
    response.writeHead(404).end('{"error":{"message":"there is no policy named base"}}')
    return true
  }
  plane.push('policy', { version: null })
  await vi.waitFor(() => expect(gaps).toHaveLength(1), patience)
  expect(gaps[0]).toMatch(
    /^what the job has of its control plane stays in force: http:.*policies answered 404: there is no policy named base$/,
  )
  expect(applied).toEqual([])
})

test('a change while the stream was down is found when it is back', async () => {
  uplink.follow(live)
  await vi.waitFor(() => expect(plane.listening).toBe(1), patience)
  await plane.down()
  plane.blockList = { version: 'v2', text: '{"domains":[]}' }
  await plane.up()
  await vi.waitFor(() => expect(applied).toEqual(['v2']), patience)
})

test('once the job is about to end no list is put in force any more', async () => {
  uplink.follow(live)
  await vi.waitFor(() => expect(plane.listening).toBe(1), patience)
  await uplink.unfollow()
  await vi.waitFor(() => expect(plane.listening).toBe(0), patience)
  plane.blockList = { version: 'v2', text: '{"domains":[]}' }
  await uplink.finish({ report, exit: 0 }, wait)
  expect(applied).toEqual([])
})
