import type { Replay } from '../../replay.ts'

const byCurl = { step: 'upload', chain: ['bash', 'curl'] }
const always = [{ id: 'exfiltration-attempt', ...byCurl, shows: '<<<<<< ENV' }]

export const replay: Replay = {
  name: 'codecov',
  title: 'Codecov, Jan–Apr 2021',
  folder: import.meta.dirname,
  steals: true,
  audit: [...always, { id: 'new-outbound-destination', ...byCurl, shows: '203.0.113.66' }],
  block: [...always, { id: 'destination-blocked', ...byCurl, shows: '203.0.113.66' }],
  kept: 'the environment, towards a bare address',
}
