import { expect, test } from 'vitest'
import { ServerRig } from '../server-rig.ts'
import { connect, detection, write } from './sample-events.ts'
import { TestAgent } from './test-agent.ts'

const refused = (i: number) => (i % 100 === 0 ? ('blocked' as const) : ('allowed' as const))

test('pages hold each row and each event once, in order, whatever their size', async () => {
  await using rig = await ServerRig.start()
  const agent = new TestAgent(rig.url)
  await agent.start(rig.acme.keys.agent)
  const files = 1200
  const events = Array.from({ length: files }, (_, i) => [
    write(2 * i + 1, `/w/${i}`),
    connect(2 * i + 2, { host: `host-${i}.example`, verdict: refused(i) }),
  ]).flat()
  // Told last, and the first to look at; the policy's own words leave another behind all others.
  const found = (i: number, given: Parameters<typeof detection>[1]) =>
    detection(2 * files + i, { title: String(i), ...given })
  events.push(
    found(1, { severity: 'critical', suppressed: 'is expected' }),
    ...Array.from({ length: 60 }, (_, i) => found(i + 2, { severity: 'low' })),
    found(62, { severity: 'medium' }),
    found(63, { severity: 'critical' }),
  )
  for (let i = 0; i < events.length; i += 700)
    expect(await agent.send(agent.pack(events.slice(i, i + 700)))).toMatchObject({ status: 200 })
  await rig.server.context.ingest.indexer.settled(60_000)

  const all = async <T>(view: string): Promise<T[]> => {
    const items: T[] = []
    let after = ''
    for (;;) {
      const { body } = await rig.ask(
        'GET',
        `/v1/orgs/acme/jobs/${agent.jobId}/${view}${view.includes('?') ? '&' : '?'}${after}`,
        { as: rig.acme.keys.viewer },
      )
      const page = body as { items: T[]; next: string | number | null }
      items.push(...page.items)
      if (page.next === null) return items
      after = `after=${page.next}`
    }
  }
  const paths = Array.from({ length: files }, (_, i) => `/w/${i}`)
  for (const limit of [50, 500]) {
    const found = await all<{ path: string }>(`files?limit=${limit}`)
    expect(found.map(({ path }) => path)).toEqual(paths)
    const timeline = await all<{ seq: number }>(`timeline?limit=${limit}`)
    expect(timeline.map(({ seq }) => seq)).toEqual(events.map(({ seq }) => seq))
  }
  const blocked = await all<{ host: string }>('destinations?verdict=blocked&limit=5')
  expect(blocked.map(({ host }) => host)).toEqual(
    Array.from({ length: files / 100 }, (_, i) => `host-${i * 100}.example`),
  )
  expect(await all('destinations?verdict=allowed&limit=500')).toHaveLength(files - files / 100)
  const detections = await all<{ title: string }>('detections?limit=20')
  expect(detections.map(({ title }) => Number(title))).toEqual([
    63,
    62,
    ...Array.from({ length: 60 }, (_, i) => i + 2),
    1,
  ])
  expect(await all('timeline?kinds=dns.query')).toEqual([])
})
