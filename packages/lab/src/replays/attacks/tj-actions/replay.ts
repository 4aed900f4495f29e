import type { Replay } from '../../replay.ts'

const dump = { step: 'changed-files', chain: ['node', 'bash', 'sudo', 'python3'], shows: '/mem' }
const fetch = { step: 'changed-files', chain: ['node', 'bash', 'curl'], shows: 'gist.example.net' }

export const replay: Replay = {
  name: 'tj-actions',
  title: 'tj-actions/changed-files, CVE-2025-30066, Mar 2025',
  folder: import.meta.dirname,
  audit: [
    { id: 'runner-worker-memory-read', ...dump },
    { id: 'suspicious-process', ...dump },
    { id: 'new-outbound-destination', ...fetch },
    // Of the log the step is known, and not the process.
    { id: 'secret-in-build-log', step: 'changed-files', chain: [], shows: 'base64 of base64' },
  ],
  block: [{ id: 'domain-blocked', ...fetch }],
  kept: 'the second script was not fetched, so no memory was read',
}
