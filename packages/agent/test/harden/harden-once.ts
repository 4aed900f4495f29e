/** harden-once LEVEL RECORD: hardens the machine for account ci, and says what was changed or what stopped it. */
import { hardenMachine } from '../../src/harden/machine.ts'
import type { Level } from '../../src/harden/roads.ts'

const [, , level, record = ''] = process.argv
try {
  console.log((await hardenMachine({ level: level as Level, user: 'ci', record })).join('; '))
} catch (error) {
  console.log(String(error))
}
