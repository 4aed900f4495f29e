import type { Replay } from '../../replay.ts'

const inStep = { step: 'shell', chain: ['bash', 'bash'] }

export const replay: Replay = {
  name: 'reverse-shell',
  title: 'A shell for somebody else',
  folder: import.meta.dirname,
  audit: [
    { id: 'reverse-shell', ...inStep, shows: 'bash -i' },
    { id: 'reverse-shell', step: 'shell', chain: ['bash', 'python3'], shows: './helper' },
  ],
  block: [{ id: 'destination-blocked', ...inStep, shows: '203.0.113.66' }],
  kept: 'the connection: no shell was started',
}
