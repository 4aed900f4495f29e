import type { Event } from '@runwarden/events'
import { jobStart, TestAgent } from '../../../server/test/ingest/test-agent.ts'
import type { Web } from '../rig/web.ts'

/** A job whose agent said this, indexed: the path of its page. */
export async function madeJob(
  web: Web,
  run: string,
  events: readonly Partial<Event>[],
): Promise<string> {
  const { url, acme } = web.rig
  const agent = new TestAgent(url)
  await agent.start(acme.keys.agent, jobStart({ repository: 'acme/made', runId: run }))
  const segments = Array.from({ length: Math.ceil(events.length / 1000) }, (_, index) =>
    events.slice(index * 1000, index * 1000 + 1000),
  )
  for (const segment of segments) {
    const { status, body } = await agent.send(agent.pack(segment))
    if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`)
  }
  await agent.heartbeat()
  for (;;) {
    const { body } = await web.rig.ask('GET', `/v1/orgs/acme/jobs/${agent.jobId}`, {
      as: acme.keys.viewer,
    })
    const { indexed } = (body as { segments: { indexed: number } }).segments
    if (indexed === segments.length) break
    await new Promise((done) => setTimeout(done, 20))
  }
  return `/github/acme/made/actions/runs/${run}/jobs/${agent.jobId}`
}
