import type { Replay } from '../../replay.ts'

const inPackage = { step: 'install', chain: ['node', 'node'] }
const always = [
  {
    id: 'suspicious-process',
    step: 'install',
    chain: ['node', 'claude'],
    shows: '--dangerously-skip-permissions',
  },
  { id: 'suspicious-process', step: 'install', chain: ['node', 'gemini'], shows: '--yolo' },
  { id: 'persistence', ...inPackage, shows: '.bashrc' },
]

export const replay: Replay = {
  name: 'nx',
  title: 'nx "s1ngularity", Aug 2025',
  folder: import.meta.dirname,
  standIns: { claude: '/bin/true', gemini: '/bin/true', q: '/bin/true', gh: '/bin/true' },
  steals: true,
  audit: [
    ...always,
    { id: 'https-outbound-anomaly', ...inPackage, shows: 'POST api.github.com/user/repos' },
    { id: 'exfiltration-attempt', ...inPackage, shows: '.npmrc' },
  ],
  block: [...always, { id: 'domain-blocked', ...inPackage, shows: 'api.github.com' }],
  kept: 'the repository was not made: its host was refused',
}
