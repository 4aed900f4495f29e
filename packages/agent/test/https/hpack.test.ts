import { describe, expect, test } from 'vitest'
import { Budget, Share } from '../../src/https/budget.ts'
import { HpackDecoder } from '../../src/https/hpack/decoder.ts'
import { huffmanDecode } from '../../src/https/hpack/huffman.ts'
import { Undecodable } from '../../src/https/undecodable.ts'

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex')

function decoder(budget = new Budget()): (block: Buffer) => string[] {
  const hpack = new HpackDecoder(new Share(budget))
  return (block) => {
    const fields: string[] = []
    hpack.decode(block, ({ name, value }) => fields.push(`${name}=${value}`))
    return fields
  }
}

const requests = [
  ':method=GET :scheme=http :path=/ :authority=www.example.com',
  ':method=GET :scheme=http :path=/ :authority=www.example.com cache-control=',
  ':method=GET :scheme=https :path=/index.html :authority=www.example.com custom-key=',
]
const responses = [
  ':status=302 cache-control= date= location=',
  ':status=307 cache-control= date= location=',
  ':status=200 cache-control= date= location= content-encoding= set-cookie=',
]
/** A dynamic table of 256 bytes, which the examples of responses have. */
const small = '3fe101'

// Values of fields that nobody looks at are not kept, so the examples show them empty.
describe('the examples of RFC 7541, Appendix C', () => {
  test.each([
    [
      'C.3, requests without Huffman coding',
      requests,
      [
        '828684410f7777772e6578616d706c652e636f6d',
        '828684be58086e6f2d6361636865',
        '828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565',
      ],
    ],
    [
      'C.4, requests with Huffman coding',
      requests,
      [
        '828684418cf1e3c2e5f23a6ba0ab90f4ff',
        '828684be5886a8eb10649cbf',
        '828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf',
      ],
    ],
    [
      'C.5, responses without Huffman coding, with eviction',
      responses,
      [
        `${small}4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e1768747470733a2f2f7777772e6578616d706c652e636f6d`,
        '4803333037c1c0bf',
        '88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31',
      ],
    ],
    [
      'C.6, responses with Huffman coding, with eviction',
      responses,
      [
        `${small}488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3`,
        '4883640effc1c0bf',
        '88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007',
      ],
    ],
  ])('%s', (_, expected, blocks) => {
    const decode = decoder()
    expect(blocks.map((block) => decode(hex(block)).join(' '))).toEqual(expected)
  })

  test('C.2.3, a literal that is never indexed, and the dynamic table stays empty', () => {
    const decode = decoder()
    expect(decode(hex('100870617373776f726406736563726574'))).toEqual(['password='])
    expect(() => decode(hex('be'))).toThrow(Undecodable)
  })

  test('a Huffman-coded text of C.6.3', () => {
    const out = Buffer.alloc(64)
    const coded =
      '94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007'
    expect(huffmanDecode(hex(coded), out)).toBe(56)
    expect(out.toString('latin1', 0, 56)).toBe(
      'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
    )
  })
})

test('the query never leaves the decoder, also not by way of the table', () => {
  const decode = decoder()
  const path = '/a?token=secret'
  const block = Buffer.concat([Buffer.from([0x44, path.length]), Buffer.from(path)])
  expect(decode(block)).toEqual([':path=/a'])
  expect(decode(hex('be'))).toEqual([':path=/a'])
})

test('a size update to nothing empties the table, and a larger one gives no room back that was used', () => {
  const decode = decoder()
  decode(hex('400161016240026161026262'))
  expect(decode(hex('bfbe'))).toEqual(['a=', 'aa='])
  expect(() => decode(hex('203fe11fbe'))).toThrow('beyond the table')
})

describe('hostile blocks', () => {
  test.each([
    ['the index 0', '80', 'the HPACK index 0'],
    ['an index beyond the tables', 'c0', 'beyond the table'],
    ['a size update amid fields', '8220', 'amid fields'],
    ['a table of 16 MiB', '3fe1ffff07', 'a larger HPACK table'],
    ['an integer without end', '7fffffffffffffff', 'an HPACK integer without end'],
    ['a text beyond the block', '4005616263', 'beyond its header block'],
    ['a block that ends in a length', '40', 'ends too early'],
    ['EOS within a text', '400084ffffffff', 'EOS'],
    ['padding of eight bits', '400082f8ff', 'padding'],
    ['padding with zeros', '400081f0', 'padding'],
  ])('%s', (_, block, message) => {
    expect(() => decoder()(hex(block))).toThrow(message)
  })

  test('a bomb: 60,000 references to an entry of 4 KiB cost neither memory nor time', () => {
    const decode = decoder()
    const value = Buffer.alloc(4000, 'v')
    decode(Buffer.concat([hex('400178'), hex('7fa11e'), value]))
    const before = process.memoryUsage().heapUsed
    expect(decode(Buffer.alloc(60_000, 0xbe))).toHaveLength(60_000)
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 << 20)
  })

  test('a table that fills and empties thousands of times stays small', () => {
    const budget = new Budget(100_000)
    const decode = decoder(budget)
    const one = Buffer.concat([hex('4003616263'), hex('7fe10e'), Buffer.alloc(2016, 'v')])
    for (let round = 0; round < 2000; round++) decode(one)
    expect(budget.free).toBeGreaterThan(95_000)
  })

  test('tables of all connections together have a limit', () => {
    const budget = new Budget(10_000)
    const fill = Buffer.concat([hex('4003616263'), hex('7fe10e'), Buffer.alloc(2016, 'v')])
    expect(() => {
      for (let connection = 0; connection < 10; connection++) decoder(budget)(fill)
    }).toThrow('too much is held')
  })
})
