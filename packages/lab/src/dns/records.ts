import { isIPv6 } from 'node:net'
import { LabError } from '../error.ts'

/**
 * One record of a name, of up to some 450 bytes. `value` as in a zone file; a wildcard name (`*.example.com`) can have A and
 * AAAA only, and answers for every name below and for the name itself.
 */
export interface DnsRecord {
  type: 'A' | 'AAAA' | 'CNAME' | 'TXT' | 'MX' | 'SRV' | 'PTR' | 'HTTPS' | 'SVCB'
  /**
   * Address, name, or text; MX `10 mail.example.com`; SRV `priority weight port target`;
   * HTTPS and SVCB `priority target [alpn=h2,h3] [port=N] [ipv4hint=…] [ipv6hint=…]`.
   */
  value: string
  /** Seconds; A, AAAA and CNAME only. 300 when not told. */
  ttl?: number
}

/** dnsmasq reads no longer ones. */
const longestLine = 1020

/** Name to records; a bare address is an A or AAAA record. */
export type DnsRecords = Record<string, readonly (string | DnsRecord)[]>

/** The lines of a dnsmasq configuration that serve these records. */
export function dnsmasqLines(records: DnsRecords): string[] {
  return Object.entries(records).flatMap(([name, entries]) =>
    entries.map((entry) => {
      const line = dnsmasqLine(name, typeof entry === 'string' ? addressRecord(entry) : entry)
      if (line.length > longestLine) {
        throw new LabError('LAB_DNS', `${name}: too long for one record; give the name several`)
      }
      return line
    }),
  )
}

function addressRecord(value: string): DnsRecord {
  return { type: isIPv6(value) ? 'AAAA' : 'A', value }
}

function dnsmasqLine(name: string, record: DnsRecord): string {
  const { type, value, ttl = 300 } = record
  if (/[,\s/]/.test(name)) throw new LabError('LAB_DNS', `not a name for the lab's DNS: ${name}`)
  if (name.startsWith('*.')) {
    if (type !== 'A' && type !== 'AAAA') {
      throw new LabError('LAB_DNS', `${name}: a wildcard can have addresses only, not ${type}`)
    }
    return `address=/${name.slice(2)}/${value}`
  }
  const parts = value.split(' ')
  switch (type) {
    case 'A':
    case 'AAAA':
      return `host-record=${name},${value},${ttl}`
    case 'CNAME':
      return `cname=${name},${value},${ttl}`
    case 'TXT':
      return `dns-rr=${name},16,${texts(value).toString('hex')}`
    case 'MX':
      return `mx-host=${name},${parts[1]},${parts[0]}`
    case 'SRV':
      return `srv-host=${name},${parts[3]},${parts[2]},${parts[0]},${parts[1]}`
    case 'PTR':
      return `ptr-record=${name},${value}`
    case 'HTTPS':
    case 'SVCB':
      return `dns-rr=${name},${type === 'HTTPS' ? 65 : 64},${serviceBinding(parts).toString('hex')}`
    default:
      throw new LabError('LAB_DNS', `${name}: no such record type: ${String(type satisfies never)}`)
  }
}

/** Character strings of at most 255 bytes each (RFC 1035 §3.3.14). */
function texts(value: string): Buffer {
  const bytes = Buffer.from(value)
  const parts: Buffer[] = []
  for (let at = 0; at < bytes.length || at === 0; at += 255) {
    const part = bytes.subarray(at, at + 255)
    parts.push(Buffer.from([part.length]), part)
  }
  return Buffer.concat(parts)
}

/** RFC 9460 §2.2; parameters in the order of their keys. */
function serviceBinding([priority = '1', target = '.', ...parameters]: string[]): Buffer {
  const given = new Map(parameters.map((text) => text.split('=', 2) as [string, string]))
  const encoders: [number, string, (value: string) => Buffer][] = [
    [1, 'alpn', (value) => Buffer.concat(value.split(',').flatMap(prefixed))],
    [3, 'port', (value) => uint16(Number(value))],
    [
      4,
      'ipv4hint',
      (value) => Buffer.from(value.split(',').flatMap((a) => a.split('.').map(Number))),
    ],
    [6, 'ipv6hint', (value) => Buffer.concat(value.split(',').map(bytes6))],
  ]
  const encoded = encoders.flatMap(([key, name, encode]) => {
    const value = given.get(name)
    if (value === undefined) return []
    const bytes = encode(value)
    return [uint16(key), uint16(bytes.length), bytes]
  })
  const labels = target.split('.').filter((label) => label !== '')
  return Buffer.concat([
    uint16(Number(priority)),
    ...labels.flatMap(prefixed),
    Buffer.from([0]),
    ...encoded,
  ])
}

function prefixed(text: string): Buffer[] {
  return [Buffer.from([text.length]), Buffer.from(text)]
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}

function bytes6(address: string): Buffer {
  const [head = '', tail = ''] = address.split('::', 2)
  const zeros = 8 - groups(head).length - groups(tail).length
  const all = [...groups(head), ...Array<string>(zeros).fill('0'), ...groups(tail)]
  return Buffer.concat(all.map((group) => uint16(Number.parseInt(group, 16))))
}

function groups(text: string): string[] {
  return text.split(':').filter((group) => group !== '')
}
