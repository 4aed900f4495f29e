import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { Database } from '../../src/db/database.ts'
import { ServerRig } from '../server-rig.ts'
import { detection, exec, write } from './sample-events.ts'
import { TestAgent } from './test-agent.ts'

test('what can’t be read is set aside and reported, before the index is lost and after; the rest goes on', async () => {
  const data = mkdtempSync(join(tmpdir(), 'runwarden-damaged-'))
  try {
    const agent = new TestAgent('')
    const segments = [
      () => agent.pack([exec(1, 100), detection(2)]),
      () =>
        agent.packRaw(zstdCompressSync('{"seq": 3, "time": 3, "kind": "file.write"}\nno JSON\n')),
      // A kind, and a word, of later versions.
      () =>
        agent.packRaw(
          zstdCompressSync(
            `{"seq": 5, "time": 5, "kind": "moon.phase", "full": true}\n${JSON.stringify({ ...write(6, '/w/a'), truth: 'moon' })}\n`,
          ),
        ),
      () => agent.pack([write(7, '/w/b'), detection(8)]),
    ]
    {
      await using rig = await ServerRig.start({ data })
      agent.url = rig.url
      await agent.start(rig.acme.keys.agent)
      for (const packed of segments)
        expect(await agent.send(packed())).toMatchObject({ status: 200 })
      expect(await state(rig, agent.jobId)).toEqual({
        events: 7,
        notUnderstood: 3,
        indexed: 4,
        timeline: [1, 2, 3, 5, 6, 7, 8],
        detections: [
          "record-damaged: Segment 2 of the job's events its line 2 is no JSON",
          'domain-blocked',
          'domain-blocked',
        ],
      })
    }
    // The index is gone, and a file is not what it was.
    for (const name of readdirSync(data))
      if (name.startsWith('index.sqlite')) rmSync(join(data, name))
    writeFileSync(join(data, 'segments', agent.jobId, '4.zst'), zstdCompressSync('{}\n'))
    await using rig = await ServerRig.start({ data })
    expect(await state(rig, agent.jobId)).toEqual({
      events: 5,
      notUnderstood: 3,
      indexed: 3,
      timeline: [1, 2, 3, 5, 6],
      detections: [
        "record-damaged: Segment 2 of the job's events its line 2 is no JSON",
        "record-damaged: Segment 4 of the job's events is not what was stored",
        'domain-blocked',
        'domain-blocked',
      ],
    })
  } finally {
    rmSync(data, { recursive: true, force: true })
  }
})

async function state(rig: ServerRig, jobId: string): Promise<object> {
  await rig.server.context.ingest.indexer.settled(60_000)
  const get = async (path: string): Promise<never> =>
    (await rig.ask('GET', `/v1/orgs/acme/jobs/${jobId}${path}`, { as: rig.acme.keys.viewer }))
      .body as never
  const { totals, segments } = (await get('')) as {
    totals: { events: number; notUnderstood: number }
    segments: { indexed: number }
  }
  const { items: timeline } = (await get('/timeline')) as { items: { seq: number }[] }
  const { items: found } = (await get('/detections')) as { items: { rule: string; text: string }[] }
  return {
    events: totals.events,
    notUnderstood: totals.notUnderstood,
    indexed: segments.indexed,
    timeline: timeline.map(({ seq }) => seq),
    detections: found.map(({ rule, text }) =>
      rule === 'record-damaged' ? `${rule}: ${text.split(/[.:]/)[0]}` : rule,
    ),
  }
}

test('an index that SQLite can’t read is made anew', async () => {
  const data = mkdtempSync(join(tmpdir(), 'runwarden-damaged-'))
  try {
    const agent = new TestAgent('')
    {
      await using rig = await ServerRig.start({ data })
      agent.url = rig.url
      await agent.start(rig.acme.keys.agent)
      await agent.send(agent.pack([exec(1, 100), detection(2)]))
      await rig.server.context.ingest.indexer.settled(60_000)
    }
    for (const name of readdirSync(data))
      if (name.startsWith('index.sqlite')) writeFileSync(join(data, name), 'x'.repeat(20_000))
    await using rig = await ServerRig.start({ data })
    expect(await state(rig, agent.jobId)).toMatchObject({
      events: 2,
      indexed: 1,
      timeline: [1, 2],
      detections: ['domain-blocked'],
    })
    // A file that is lost later is left out, and named.
    rmSync(join(data, 'segments', agent.jobId, '1.zst'))
    expect(
      await rig.ask('GET', `/v1/orgs/acme/jobs/${agent.jobId}/timeline`, {
        as: rig.acme.keys.viewer,
      }),
    ).toMatchObject({ status: 200, body: { items: [], next: null, unread: [1] } })
  } finally {
    rmSync(data, { recursive: true, force: true })
  }
})

test('a segment of which the indexer dies again and again is set aside; what follows is not', async () => {
  const data = mkdtempSync(join(tmpdir(), 'runwarden-damaged-'))
  try {
    const agent = new TestAgent('')
    /** As if what is behind the first segment had been begun so often. */
    const begin = async (attempts: number) => {
      {
        using index = new Database(join(data, 'index.sqlite'))
        index.run('UPDATE state SET position = 1, attempts = ?', attempts)
        index.run('DELETE FROM segments WHERE seq > 1')
      }
      await using rig = await ServerRig.start({ data })
      const { detections, indexed } = (await state(rig, agent.jobId)) as {
        detections: string[]
        indexed: number
      }
      return { detections: detections.filter((one) => one !== 'domain-blocked'), indexed }
    }
    {
      await using rig = await ServerRig.start({ data })
      agent.url = rig.url
      await agent.start(rig.acme.keys.agent)
      for (const seq of [1, 2, 3]) await agent.send(agent.pack([detection(seq)]))
      await rig.server.context.ingest.indexer.settled(60_000)
    }
    expect(await begin(9)).toEqual({ detections: [], indexed: 3 })
    expect(await begin(10)).toEqual({
      detections: [
        "record-damaged: Segment 2 of the job's events can't be indexed (the indexer died of it)",
      ],
      indexed: 2,
    })
  } finally {
    rmSync(data, { recursive: true, force: true })
  }
})

test('texts that no kernel and no agent makes are cut in the index', async () => {
  await using rig = await ServerRig.start()
  const agent = new TestAgent(rig.url)
  await agent.start(rig.acme.keys.agent)
  const long = 'x'.repeat(100_000)
  await agent.send(
    agent.pack([
      exec(1, 100, { exe: `/${long}`, argv: ['a', long], cwd: long }),
      write(2, `/w/${long}`),
      detection(3, { title: long, text: long }),
    ]),
  )
  await rig.server.context.ingest.indexer.settled(60_000)
  for (const view of ['processes', 'files', 'detections']) {
    const { body, status } = await rig.ask('GET', `/v1/orgs/acme/jobs/${agent.jobId}/${view}`, {
      as: rig.acme.keys.viewer,
    })
    expect(status).toBe(200)
    expect((body as { items: unknown[] }).items).toHaveLength(1)
    expect(JSON.stringify(body).length, view).toBeLessThan(40_000)
  }
  // The event itself is whole.
  const { body } = await rig.ask('GET', `/v1/orgs/acme/jobs/${agent.jobId}/timeline`, {
    as: rig.acme.keys.viewer,
  })
  expect(JSON.stringify(body).length).toBeGreaterThan(500_000)
})
