import type { Replay } from '../../replay.ts'

const inPackage = { step: 'install', chain: ['node', 'dash'] }

export const replay: Replay = {
  name: 'ua-parser-js',
  title: 'ua-parser-js, Oct 2021',
  folder: import.meta.dirname,
  audit: [
    { id: 'suspicious-process', ...inPackage, shows: 'was told to mine' },
    { id: 'new-outbound-destination', ...inPackage, shows: 'pool.example.net port 80' },
    { id: 'suspicious-network-call', ...inPackage, shows: 'pool.example.net port 3333' },
  ],
  block: [{ id: 'domain-blocked', ...inPackage, shows: 'pool.example.net' }],
  kept: 'the miner was not fetched',
}
