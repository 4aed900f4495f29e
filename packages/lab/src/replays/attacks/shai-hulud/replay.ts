import type { Replay } from '../../replay.ts'

const inPackage = { step: 'install', chain: ['node', 'node'] }
const byCurl = { step: 'install', chain: ['node', 'node', 'curl'] }
const always = [
  { id: 'exfiltration-attempt', ...inPackage, shows: 'one secret after the other' },
  { id: 'source-code-overwritten', ...inPackage, shows: 'shai-hulud-workflow.yml' },
  { id: 'suspicious-network-call', ...byCurl, shows: '169.254.169.254' },
]

export const replay: Replay = {
  name: 'shai-hulud',
  title: 'Shai-Hulud, Sep 2025',
  folder: import.meta.dirname,
  standIns: { trufflehog: '/bin/true' },
  steals: true,
  audit: [...always, { id: 'exfiltration-attempt', ...byCurl, shows: 'webhook.example.net' }],
  block: [...always, { id: 'domain-blocked', ...byCurl, shows: 'webhook.example.net' }],
  kept: 'the secrets, and the question to the metadata service',
}
