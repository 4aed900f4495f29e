import { Budget, Share } from '../../../src/https/budget.ts'
import { HpackDecoder } from '../../../src/https/hpack/decoder.ts'
import { isLookedAt } from '../../../src/https/kept-value.ts'
import { MAX_TABLE } from '../../../src/https/limits.ts'
import { Undecodable } from '../../../src/https/undecodable.ts'
import { must, order, type Target } from '../target.ts'

const room = 1 << 20

/** Blocks of one connection: two bytes of length before each. */
function blocksOf(input: Buffer): Buffer[] {
  const blocks: Buffer[] = []
  for (let at = 0; at + 2 <= input.length;) {
    const block = input.subarray(at + 2, at + 2 + (input.readUInt16BE(at) & 0x3ff))
    blocks.push(block)
    at += 2 + block.length
  }
  return blocks
}

function blocks(...texts: string[]): Buffer {
  return Buffer.concat(
    texts.flatMap((text) => {
      const block = Buffer.from(text, 'hex')
      const length = Buffer.alloc(2)
      length.writeUInt16BE(block.length)
      return [length, block]
    }),
  )
}

function fieldsOf(input: Buffer): { fields: string[]; ended: string } {
  const budget = new Budget(room)
  const decoder = new HpackDecoder(new Share(budget))
  const fields: string[] = []
  try {
    for (const block of blocksOf(input)) {
      let bytes = 0
      decoder.decode(block, ({ name, value }) => {
        bytes++
        must(
          isLookedAt(name) || value === '' || name === 'accept-encoding',
          'nothing is kept of others',
        )
        must(name !== ':path' || !/[?#]/.test(value), 'no query')
        fields.push(`${name}=${value}`)
      })
      must(bytes <= block.length, 'no more fields than bytes')
      must(budget.free >= room - MAX_TABLE, 'a table within its limit')
    }
    return { fields, ended: 'whole' }
  } catch (error) {
    if (!(error instanceof Undecodable)) throw error
    return { fields, ended: error.message }
  }
}

export const hpack: Target = {
  name: 'hpack',
  seeds: () => [
    blocks(
      '828684418cf1e3c2e5f23a6ba0ab90f4ff',
      '828684be5886a8eb10649cbf',
      '828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf',
    ),
    blocks(
      '3fe1014803333032580770726976617465',
      '4803333037c1c0bf',
      '100870617373776f726406736563726574',
    ),
    blocks('203fe11f', '44072f613f623d6363', 'be'),
    blocks('7f10036162630a4142434445464748494a', `5f${'80'.repeat(4)}01`),
  ],
  words: ['\x3f\xe1\x1f', '\x20', '\xbe', '\xff\x80\x01', '\x40\x00\x00', '\x82'],
  run: (input) => {
    const { fields, ended } = fieldsOf(input)
    const again = fieldsOf(input)
    must(fields.join('\n') === again.fields.join('\n'), 'the same again')
    return `${ended} ${order(fields.length)} ${order(new Set(fields).size)}`
  },
}
