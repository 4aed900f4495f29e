import type { Replay } from '../../replay.ts'

const atStart = { step: 'evaluate', chain: ['python3', 'python3'] }
const always = [
  { id: 'persistence', step: 'install', chain: ['bash', 'python3'], shows: 'litellm_init.pth' },
  { id: 'persistence', ...atStart, shows: 'sysmon.service' },
  { id: 'credential-read', ...atStart, shows: 'serviceaccount/token' },
]

export const replay: Replay = {
  name: 'litellm',
  title: 'LiteLLM, Mar 2026',
  folder: import.meta.dirname,
  steals: true,
  audit: [
    ...always,
    { id: 'suspicious-process', ...atStart, shows: '/api/v1/namespaces/kube-system/pods' },
    { id: 'exfiltration-attempt', ...atStart, shows: 'webhook.example.net' },
  ],
  block: [...always, { id: 'domain-blocked', ...atStart, shows: 'kubernetes.default.svc' }],
  kept: 'the pod was not asked for, and the key not sent',
}
