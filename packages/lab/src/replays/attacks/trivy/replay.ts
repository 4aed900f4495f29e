import type { Replay } from '../../replay.ts'

const byPython = { step: 'scan', chain: ['bash', 'python3'] }
const byCurl = { step: 'scan', chain: ['bash', 'curl'] }
const always = [
  { id: 'runner-worker-memory-read', ...byPython, shows: '/environ' },
  { id: 'runner-worker-memory-read', ...byPython, shows: '/mem' },
  { id: 'exfiltration-attempt', ...byPython, shows: 'one secret after the other' },
  { id: 'suspicious-network-call', ...byCurl, shows: '169.254.169.254' },
  { id: 'persistence', ...byPython, shows: 'sysmon.service' },
]

export const replay: Replay = {
  name: 'trivy',
  title: 'trivy-action, CVE-2026-33634, Mar 2026',
  folder: import.meta.dirname,
  audit: [
    ...always,
    { id: 'exfiltration-attempt', ...byCurl, shows: 'scan.aquasecurtiy.example' },
    { id: 'new-outbound-destination', ...byCurl, shows: 'scan.aquasecurtiy.example' },
  ],
  block: [
    ...always,
    { id: 'domain-blocked', ...byCurl, shows: 'scan.aquasecurtiy.example' },
    { id: 'domain-blocked', ...byCurl, shows: 'api.github.com' },
  ],
  kept: 'the archive, towards the look-alike domain and towards the fallback repository; the metadata service',
}
