import type { PacketRecord } from '../record.ts'
import type { Frame } from './pcap.ts'

const ethernetHeader = 14
const protocols: Record<number, PacketRecord['protocol']> = {
  1: 'icmp',
  6: 'tcp',
  17: 'udp',
  33: 'dccp',
  58: 'icmp6',
  132: 'sctp',
  136: 'udplite',
}
const withPorts = new Set<PacketRecord['protocol']>(['tcp', 'udp', 'dccp', 'sctp', 'udplite'])
/** Hop-by-hop, routing, fragment and destination options (RFC 8200 §4). */
const extensions = new Set([0, 43, 44, 60])
/** Of a link that merely exists: multicast listeners and neighbours (RFC 3810, RFC 4861). */
const linkUpkeep = new Set([130, 131, 132, 133, 134, 135, 136, 137, 143])

export interface ParsedPacket extends PacketRecord {
  /** TCP sequence number; 0 otherwise. */
  sequence: number
  /** ICMPv6 of a link that merely exists. */
  upkeep: boolean
}

/** Reads an Ethernet frame; null: it holds no IP packet. */
export function parsePacket(frame: Pick<Frame, 'time' | 'bytes'>): ParsedPacket | null {
  const { bytes } = frame
  if (bytes.length < ethernetHeader + 20) return null
  const etherType = bytes.readUInt16BE(12)
  const ip = bytes.subarray(ethernetHeader)
  if (etherType === 0x0800) return parse4(frame.time, ip)
  if (etherType === 0x86dd && ip.length >= 40) return parse6(frame.time, ip)
  return null
}

function parse4(time: number, ip: Buffer): ParsedPacket {
  const headerLength = (ip.readUInt8(0) & 0x0f) * 4
  const total = ip.readUInt16BE(2) || ip.length
  const laterFragment = (ip.readUInt16BE(6) & 0x1fff) !== 0
  const from = [...ip.subarray(12, 16)].join('.')
  const to = [...ip.subarray(16, 20)].join('.')
  const transport = ip.subarray(headerLength, total)
  return { time, family: 4, from, to, ...parseTransport(ip.readUInt8(9), transport, laterFragment) }
}

function parse6(time: number, ip: Buffer): ParsedPacket {
  let next = ip.readUInt8(6)
  let at = 40
  let laterFragment = false
  while (extensions.has(next) && ip.length >= at + 8) {
    if (next === 44) laterFragment ||= (ip.readUInt16BE(at + 2) & 0xfff8) !== 0
    const length = next === 44 ? 8 : (ip.readUInt8(at + 1) + 1) * 8
    next = ip.readUInt8(at)
    at += length
  }
  const total = ip.readUInt16BE(4) === 0 ? ip.length : 40 + ip.readUInt16BE(4)
  const from = address6(ip.subarray(8, 24))
  const to = address6(ip.subarray(24, 40))
  return {
    time,
    family: 6,
    from,
    to,
    ...parseTransport(next, ip.subarray(at, total), laterFragment),
  }
}

type Transport = Pick<
  ParsedPacket,
  'protocol' | 'fromPort' | 'toPort' | 'flags' | 'bytes' | 'payload' | 'sequence' | 'upkeep'
>

function parseTransport(number: number, transport: Buffer, laterFragment: boolean): Transport {
  const protocol = protocols[number] ?? `ip-${number}`
  const result: Transport = {
    protocol,
    fromPort: null,
    toPort: null,
    flags: '',
    bytes: transport.length,
    payload: transport,
    sequence: 0,
    upkeep: number === 58 && !laterFragment && linkUpkeep.has(transport[0] ?? -1),
  }
  if (laterFragment || !withPorts.has(protocol) || transport.length < 8) return result
  result.fromPort = transport.readUInt16BE(0)
  result.toPort = transport.readUInt16BE(2)
  let header = 8
  if (protocol === 'tcp' && transport.length >= 20) {
    header = (transport.readUInt8(12) >> 4) * 4
    result.sequence = transport.readUInt32BE(4)
    result.flags = tcpFlags(transport.readUInt8(13))
  }
  result.payload = transport.subarray(header)
  result.bytes = result.payload.length
  return result
}

function tcpFlags(bits: number): string {
  return [...'FSRPAUEC'].filter((_, bit) => (bits & (1 << bit)) !== 0).join('')
}

/** Text form of an IPv6 address as RFC 5952 wants it. */
export function address6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2))
  let best = { at: -1, length: 1 }
  for (let at = 0; at < 8; at++) {
    let length = 0
    while (groups[at + length] === 0) length++
    if (length > best.length) best = { at, length }
  }
  if (best.at < 0) return hex(groups)
  return `${hex(groups.slice(0, best.at))}::${hex(groups.slice(best.at + best.length))}`
}

function hex(groups: number[]): string {
  return groups.map((group) => group.toString(16)).join(':')
}
