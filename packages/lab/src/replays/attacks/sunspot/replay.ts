import type { Replay } from '../../replay.ts'

const swapped = {
  id: 'source-code-overwritten',
  step: 'monitor',
  // The shell that put it into the background has ended, without a program of its own.
  chain: ['python3'],
  shows: 'inventory.c was swapped while a compiler ran, and put back',
}

export const replay: Replay = {
  name: 'sunspot',
  title: 'SolarWinds SUNSPOT',
  folder: import.meta.dirname,
  audit: [swapped],
  block: [swapped],
  kept: 'nothing: a build that is swapped sends nothing',
}
