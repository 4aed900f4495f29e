import type { Replay } from '../../replay.ts'

const changed = {
  id: 'source-code-overwritten',
  step: 'build',
  chain: ['node', 'node'],
  shows: 'node_modules/wallet/index.js',
}

export const replay: Replay = {
  name: 'event-stream',
  title: 'event-stream, 2018',
  folder: import.meta.dirname,
  audit: [changed],
  block: [changed],
  kept: 'nothing: it changes files of the job itself',
}
