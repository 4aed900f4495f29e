import type { Replay } from '../../replay.ts'

const inScript = { step: 'install', chain: ['node', 'node', 'bash'] }
const always = [
  {
    id: 'privileged-container',
    step: 'install',
    chain: [...inScript.chain, 'docker'],
    shows: '--privileged -v /:/host',
  },
  { id: 'persistence', ...inScript, shows: '/etc/sudoers.d/runner' },
  {
    id: 'agent-tampered',
    step: 'install',
    chain: [...inScript.chain, 'systemctl'],
    shows: 'systemd-resolved',
  },
  { id: 'agent-tampered', ...inScript, shows: '-F OUTPUT' },
  { id: 'agent-tampered', ...inScript, shows: '-F DOCKER-USER' },
  { id: 'suspicious-process', ...inScript, shows: '--name SHA1HULUD' },
  { id: 'mass-delete', step: 'install', chain: [...inScript.chain, 'shred'], shows: 'document-1' },
]

export const replay: Replay = {
  name: 'shai-hulud-2',
  title: 'Shai-Hulud 2.0, Nov 2025',
  folder: import.meta.dirname,
  standIns: { docker: '/bin/true', systemctl: '/bin/true' },
  audit: [
    ...always,
    { id: 'suspicious-process', ...inScript, shows: 'a download goes straight into' },
    { id: 'new-outbound-destination', ...inScript, shows: 'bun.example.net' },
  ],
  block: [...always, { id: 'domain-blocked', ...inScript, shows: 'bun.example.net' }],
  kept: 'the runtime was not fetched, and the runner not registered',
}
