import type { Row } from '../case.ts'
import { elsewhere } from './script.ts'

export const virtualMachine: Row = {
  row: 20,
  title: 'Virtual machine',
  cases: [
    elsewhere(
      [
        'guest-user-network',
        'guest on user-mode networking (qemu): names, addresses, UDP',
        'all layers: its packets are the emulator’s sockets',
      ],
      'packages/cli/test/vm-guest.vm.test.ts',
      ['root'],
    ),
  ],
}
