import { expect, test } from 'vitest'
import { address6, parsePacket } from '../src/internet/packet.ts'
import { PcapReader } from '../src/internet/pcap.ts'

const ethernet4 = '020000000001 020000000002 0800'
const ethernet6 = '020000000001 020000000002 86dd'
const from6 = '20010db8000000000000000000000002'
const to6 = '20010db8000100000000000000000010'

function parse(...hex: string[]) {
  return parsePacket({ time: 0, bytes: Buffer.from(hex.join('').replaceAll(' ', ''), 'hex') })
}

function summary(packet: ReturnType<typeof parse>) {
  if (packet === null) return null
  const { protocol, from, fromPort, to, toPort, flags, payload } = packet
  return `${protocol} ${from} ${fromPort} > ${to} ${toPort} [${flags}] ${payload.toString('hex')}`
}

test.each([
  [
    'UDP',
    summary(
      parse(ethernet4, '4500001e 00000000 40110000 c0000202 c6336435', '1111 0035 000a 0000 6869'),
    ),
    'udp 192.0.2.2 4369 > 198.51.100.53 53 [] 6869',
  ],
  [
    'TCP with IP options, and padding of the frame',
    summary(
      parse(
        ethernet4,
        '4600002e 00000000 40060000 c0000202 c6336435 01010101',
        '1111 01bb 00000001 00000002 5018 ffff 0000 0000 6869 0000',
      ),
    ),
    'tcp 192.0.2.2 4369 > 198.51.100.53 443 [PA] 6869',
  ],
  [
    'a later fragment, which has no ports',
    summary(
      parse(ethernet4, '4500001c 00000001 40110000 c0000202 c6336435', '1111 0035 000a 0000'),
    ),
    'udp 192.0.2.2 null > 198.51.100.53 null [] 11110035000a0000',
  ],
  [
    'UDP after IPv6 hop-by-hop and fragment headers',
    summary(
      parse(
        ethernet6,
        `60000000 001a 00 40 ${from6} ${to6}`,
        '2c00000000000000 11000001 00000000',
        '1111 0035 000a 0000 6869',
      ),
    ),
    'udp 2001:db8::2 4369 > 2001:db8:1::10 53 [] 6869',
  ],
  [
    'a protocol that nobody knows',
    summary(parse(ethernet4, '45000016 00000000 40fd0000 c0000202 c6336435', '6869')),
    'ip-253 192.0.2.2 null > 198.51.100.53 null [] 6869',
  ],
  ['ARP, which is no IP', summary(parse('ffffffffffff 020000000002 0806', '00'.repeat(28))), null],
])('%s is read', (_, packet, expected) => {
  expect(packet).toBe(expected)
})

function icmp6(type: string) {
  return parse(ethernet6, `60000000 0008 3a ff ${from6} ${to6}`, `${type}00000000000000`)
}

test('neighbour discovery is told apart from a ping', () => {
  expect([icmp6('87')?.upkeep, icmp6('80')?.upkeep]).toEqual([true, false])
})

test.each([
  ['00000000000000000000000000000000', '::'],
  ['00000000000000000000000000000001', '::1'],
  ['20010db8000000000001000000000000', '2001:db8:0:0:1::'],
  ['20010db8000100020003000400050006', '2001:db8:1:2:3:4:5:6'],
  ['20010db8000000010000000000000001', '2001:db8:0:1::1'],
])('address %s is written %s', (hex, text) => {
  expect(address6(Buffer.from(hex, 'hex'))).toBe(text)
})

function frame(text: string): Buffer {
  const head = Buffer.alloc(16)
  head.writeUInt32LE(1, 0)
  head.writeUInt32LE(500_000_000, 4)
  head.writeUInt32LE(text.length, 8)
  head.writeUInt32LE(text.length, 12)
  return Buffer.concat([head, Buffer.from(text)])
}

test('a pcap stream is read whole, however it is cut', () => {
  const header = Buffer.from('4d3cb2a1020004000000000000000000ffff000001000000', 'hex')
  const stream = Buffer.concat([header, frame('first'), frame(''), frame('third')])
  for (let size = 1; size <= stream.length; size++) {
    const reader = new PcapReader()
    const frames = []
    for (let at = 0; at < stream.length; at += size) {
      frames.push(...reader.read(stream.subarray(at, at + size)))
    }
    expect(frames.map(({ time, bytes }) => [time, bytes.toString()])).toEqual([
      [1500, 'first'],
      [1500, ''],
      [1500, 'third'],
    ])
  }
})
