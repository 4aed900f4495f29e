import type { Replay } from '../../replay.ts'

const dump = {
  id: 'runner-worker-memory-read',
  step: 'setup',
  chain: ['bash', 'sudo', 'python3'],
  shows: '/mem',
}
const download = { step: 'setup', chain: ['bash', 'curl'], shows: 'gist.example.net' }

// Of the log the step is known, and not the process.
const inLog = {
  id: 'secret-in-build-log',
  step: 'setup',
  chain: [],
  shows: 'base64 of base64',
}

export const replay: Replay = {
  name: 'reviewdog',
  title: 'reviewdog/action-setup, CVE-2025-30154',
  folder: import.meta.dirname,
  audit: [
    dump,
    inLog,
    { id: 'suspicious-process', step: 'setup', chain: ['bash', 'python3'], shows: 'base64 -d' },
    { id: 'new-outbound-destination', ...download },
  ],
  block: [dump, inLog, { id: 'domain-blocked', ...download }],
  kept: 'the download; the dump goes to the build log only, which is no connection',
}
