import { masksIn } from '../../../src/secrets/masks.ts'
import { mostSecrets, Scanner, shortestSecret } from '../../../src/secrets/scanner.ts'
import { must, order, type Target } from '../target.ts'

/** A file of masks: every value in it is found where it stands, also reversed and in base64. */
export const masks: Target = {
  name: 'masks',
  seeds: () => [
    Buffer.from('correct horse\n::add-mask::100%25 sure%0Aof it\r\n\n  ::ADD-MASK::battery\n'),
    Buffer.from('a+b(c)[d]{2}|e\\f$^.?\n::add-mask::%0D%0A%25\n'),
  ],
  words: ['::add-mask::', '%0A', '%25', '\n', '\\', '(?:', '[^]', '|'],
  run: (input) => {
    const text = input.toString('latin1')
    const values = masksIn(text).map(({ value }) => value)
    const commands = masksIn(text, 'commands')
    must(commands.length <= values.length, 'commands are lines')
    const scanner = new Scanner()
    scanner.know(values.map((value) => ({ name: 'mask', value, masked: false })))
    let found = 0
    for (const value of values.slice(0, 8)) {
      must(value.length >= shortestSecret, 'values are long enough')
      if (value.length > 8192 || values.length > mostSecrets) continue
      const back = [...value].toReversed().join('')
      for (const written of [value, back]) {
        const some = scanner.scan(`<${written}>`, 0)
        must(some.length > 0, 'a value is found, and found reversed')
        found += some.length
      }
    }
    return `${order(values.length)} ${order(commands.length)} ${order(found)}`
  },
}
