import type { Event } from '@runwarden/events'
import { Uplink } from '../../src/uplink/uplink.ts'

/**
 * An agent that watches a job: it adds events until it is killed, the numbers of which it says once they would survive that.
 * argv: URL, job, token, state folder.
 */
const [url = '', jobId = '', token = '', home = ''] = process.argv.slice(2)
const uplink = Uplink.open({ url, jobId, token, blockList: null, policies: null }, home)
uplink.follow({
  health: () => ({ tier: 'T0', eventsLost: {} }),
  policy: () => ({ egress: 'block', text: 'version: 1\n', otherwise: null }),
  gap: () => {},
  blockBy: async () => {},
  policyBy: async () => {},
})
let seq = uplink.lastSeq
setInterval(() => {
  for (let i = 0; i < 200; i++)
    uplink.add({
      kind: 'agent.health',
      seq: ++seq,
      time: 0,
      scope: 'test',
      execId: null,
      step: null,
      state: 'gap',
      detail: `${seq} `.repeat(500),
      tier: 'T0',
      hooks: [],
      eventsLost: {},
    } satisfies Event)
}, 10)
process.stdout.write('began\n')
