import type { Replay } from '../../replay.ts'

export const replay: Replay = {
  name: 'chalk',
  title: 'chalk/debug, Sep 2025',
  folder: import.meta.dirname,
  audit: [],
  block: [],
  kept: 'nothing: it does nothing at build time, and nothing may be found',
}
