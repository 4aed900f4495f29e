import type { Replay } from '../../replay.ts'

const linked = {
  id: 'suspicious-process',
  step: 'build',
  chain: ['make', 'collect2'],
  shows: 'crc64-fast.o',
}

export const replay: Replay = {
  name: 'xz',
  title: 'XZ, CVE-2024-3094',
  folder: import.meta.dirname,
  audit: [linked],
  block: [linked],
  kept: 'nothing: the build itself sends nothing',
}
