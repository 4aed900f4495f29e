import { expect, test } from 'vitest'
import { QueryLog } from '../src/internet/query-log.ts'
import type { ParsedPacket } from '../src/internet/packet.ts'

function query(name: string, type = 1): Buffer {
  const labels = name
    .split('.')
    .map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]))
  const head = Buffer.from('123401000001000000000000', 'hex')
  return Buffer.concat([head, ...labels, Buffer.from([0, type >> 8, type & 255, 0, 1])])
}

function packet(fields: Partial<ParsedPacket>): ParsedPacket {
  const payload = fields.payload ?? Buffer.alloc(0)
  return {
    time: 1,
    family: 4,
    protocol: 'udp',
    from: '192.0.2.2',
    to: '198.51.100.53',
    fromPort: 4000,
    toPort: 53,
    flags: '',
    bytes: payload.length,
    sequence: 0,
    upkeep: false,
    ...fields,
    payload,
  }
}

function log(...packets: Partial<ParsedPacket>[]): string[] {
  const log = new QueryLog()
  for (const one of packets) log.add(packet(one))
  return log.queries.map(
    ({ name, type, server, transport }) => `${transport} ${server} ${type} ${name}`,
  )
}

test('queries over UDP are told with name, type and server', () => {
  expect(
    log(
      { payload: query('a.example.com') },
      { payload: query('b.example.com', 65), to: '192.0.2.53' },
      { payload: query('c.example.com', 4711) },
      { payload: query('not.example.com'), toPort: 54 },
      { payload: Buffer.from('no DNS message at all, really') },
    ),
  ).toEqual([
    'udp 198.51.100.53 A a.example.com',
    'udp 192.0.2.53 HTTPS b.example.com',
    'udp 198.51.100.53 TYPE4711 c.example.com',
  ])
})

test('bytes of a name that could mislead are written as numbers', () => {
  expect(log({ payload: query('a b.exa\u0007mple.com') })).toEqual([
    'udp 198.51.100.53 A a\\032b.exa\\007mple.com',
  ])
})

function message(name: string): Buffer {
  const bytes = query(name)
  return Buffer.concat([Buffer.from([0, bytes.length]), bytes])
}

test('queries in a TCP stream are found however it is cut and repeated', () => {
  const stream = Buffer.concat([message('a.example.com'), message('b.example.com')])
  const start = 0xff_ff_ff_f0
  for (let size = 1; size <= stream.length; size++) {
    const segments: Partial<ParsedPacket>[] = [{ protocol: 'tcp', flags: 'S', sequence: start }]
    for (let at = 0; at < stream.length; at += size) {
      const payload = stream.subarray(at, at + size)
      const segment = {
        protocol: 'tcp',
        flags: 'PA',
        sequence: (start + 1 + at) >>> 0,
        payload,
      } as const
      segments.push(segment, segment)
    }
    expect(log(...segments)).toEqual([
      'tcp 198.51.100.53 A a.example.com',
      'tcp 198.51.100.53 A b.example.com',
    ])
  }
})
