import { expect, test } from 'vitest'
import type { DnsQueryRecord } from '../../src/dns/contract.ts'
import { RecordRing } from '../../src/dns/record-ring.ts'

function record(name: string, process: DnsQueryRecord['process'] = null): DnsQueryRecord {
  return {
    time: 1.5,
    process,
    name,
    type: 'A',
    server: '192.0.2.53',
    serverPort: 53,
    protocol: 'udp',
    verdict: 'allowed',
    reason: 'weil’s “so” ist',
    rule: null,
    rcode: 'NOERROR',
    addresses: ['192.0.2.1'],
    cnames: [],
  }
}

test('what is written into the shared memory is read from it, in order, once', () => {
  const writer = new RecordRing(1 << 16)
  const reader = new RecordRing(writer.memory)
  const records = [
    record('a'),
    record('b', { tgid: 7, start: 0xffff_ffff_ffff_ffffn }),
    record(String.raw`\000\255.x`),
  ]
  for (const each of records) expect(writer.write(each)).toBe(true)
  expect(reader.take()).toEqual(records)
  expect(reader.take()).toEqual([])
  expect(writer.used).toBe(0)
})

test('a full ring refuses a record, and has room for it once it was read', () => {
  const ring = new RecordRing(1 << 11)
  const names: string[] = []
  while (ring.write(record(`n${names.length}`))) names.push(`n${names.length}`)
  expect(names.length).toBeGreaterThan(4)
  expect(ring.take().map(({ name }) => name)).toEqual(names)
  expect(ring.write(record('again'))).toBe(true)
  expect(ring.take().map(({ name }) => name)).toEqual(['again'])
})

test('records of any length survive the end of the memory and of the counters', () => {
  const ring = new RecordRing(1 << 11)
  // Just before the 32-bit positions change sign, and before they begin anew.
  for (const start of [0, 0x7fff_f800 | 0, 0xffff_f800 | 0]) {
    new Int32Array(ring.memory, 0, 2).fill(start)
    for (let i = 0; i < 2000; i++) {
      const name = 'x'.repeat(i % 251)
      if (!ring.write(record(name))) throw new Error(`no room for record ${i}`)
      expect(ring.take().map((each) => each.name)).toEqual([name])
    }
  }
})
