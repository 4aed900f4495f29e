import type { Event } from '@runwarden/events'
import { expect } from 'vitest'
import { connect, exec } from '../ingest/sample-events.ts'
import { sampleReport } from '../../../events/test/sample-report.ts'
import { jobStart, TestAgent } from '../ingest/test-agent.ts'
import type { ServerRig } from '../server-rig.ts'

type Connect = NonNullable<Parameters<typeof connect>[1]>

export const npm = exec(1, 100, { exe: '/usr/bin/npm', argv: ['npm'] })

/** One connection of a job, by npm; a text is its host. */
export const reached = (seq: number, to: string | Connect): Event =>
  connect(seq, {
    address: '192.0.2.7',
    ...(typeof to === 'string' ? { host: to } : to),
  })

/** A job that has finished, with these connections. @returns its id */
export async function run(
  rig: ServerRig,
  to: readonly (string | Connect)[],
  job: Parameters<typeof jobStart>[0] = {},
): Promise<string> {
  const agent = new TestAgent(rig.url)
  await agent.start(rig.acme.keys.agent, jobStart({ runId: String(++runs), ...job }))
  const events = [npm, ...to.map((one, i) => reached(i + 2, one))]
  expect(await agent.send(agent.pack(events))).toMatchObject({ status: 200 })
  expect(await agent.finish(sampleReport)).toMatchObject({ status: 200 })
  await rig.server.context.ingest.indexer.settled(60_000)
  return agent.jobId
}
let runs = 1000

export const window = 'repository=acme/app&workflow=.github/workflows/build.yml&job=test'
