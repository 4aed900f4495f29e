import { mkdtempDisposableSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ServerRig } from '../server-rig.ts'
import { exec } from './sample-events.ts'
import { TestAgent } from './test-agent.ts'

test('a server that is started again knows that all is indexed that was, before more comes', async () => {
  using place = mkdtempDisposableSync(join(tmpdir(), 'runwarden-restart-'))
  const data = place.path
  {
    await using rig = await ServerRig.start({ data })
    const agent = new TestAgent(rig.url)
    await agent.start(rig.acme.keys.agent)
    await agent.send(agent.pack([exec(1, 100)]))
    await rig.server.context.ingest.indexer.settled(60_000)
  }
  await using rig = await ServerRig.start({ data })
  const { indexer } = rig.server.context.ingest
  await indexer.index()
  expect(indexer.behind()).toBe(0)
  const { body } = await rig.ask('GET', '/metrics')
  expect(body).toContain('runwarden_segments_behind 0\n')
})
