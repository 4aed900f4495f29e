/**
 * RECORD_CONNECT (bpf/include/connect.h): one attempt to reach a destination, or several alike.
 * The process of the header is the socket's.
 */

/** By enum connect_verdict. */
export const VERDICTS = ['allowed', 'blocked', 'would-block', 'attack-blocked'] as const

/** By enum connect_via. */
export const VIAS = ['connect', 'send', 'socket', 'packet', 'link'] as const

/** By enum connect_reason. */
export const CONNECT_REASONS = [
  'no-rule',
  'address',
  'name',
  'loopback',
  'block-list',
  'live-flow',
  'dns-proxy',
  'raw-socket',
  'protocol',
  'fragment',
  'source-route',
  'inbound',
  'malformed',
  'family',
  'resolver',
  'server-name',
  'no-server-name',
  'not-tls',
  'encrypted-hello',
  'split-hello',
  'malformed-hello',
  'http-host',
  'quic',
  'zero-copy',
  'https-unseen',
  'https-undecided',
  'urgent',
] as const

export type ConnectVerdict = (typeof VERDICTS)[number]
export type ConnectVia = (typeof VIAS)[number]
export type ConnectReason = (typeof CONNECT_REASONS)[number]

/** Bytes of struct connect_record, its header included. */
export const CONNECT_BYTES = 80

/** Bytes of struct named_record, which a connect record with the flag is the beginning of. */
export const NAMED_BYTES = 360
const CONNECT_NAMED = 1

/** By enum first_protocol. */
const FIRST_PROTOCOLS = ['other', 'tls', 'http'] as const

const RULE_NONE = 0xffff_ffff

/** What follows the header. */
export interface ConnectFields {
  /** 16 bytes in network order, IPv4 as ::ffff:a.b.c.d; zero for sockets without a destination. */
  address: Buffer
  /** The socket's, unique until the next boot; 0: none is known. */
  cookie: bigint
  /** Index of the policy's rule, or of the block list's entry when attack-blocked; null: none. */
  rule: number | null
  /** Id of the learned name; 0: none. */
  name: number
  /** Attempts that it stands for. */
  count: number
  /** 0: none. */
  port: number
  /** SOCK_*, for `via` socket; else 0. */
  socketType: number
  /** AF_*. */
  family: number
  /** IPPROTO_*; 255 for raw sockets. */
  protocol: number
  verdict: ConnectVerdict
  via: ConnectVia
  reason: ConnectReason
  /** What a connection said that was refused for it; null: it was not looked at. */
  said: Said | null
}

/** The first bytes of a connection. */
export interface Said {
  /** SNI or Host, lower case, as raw as it came; null: it said none. */
  name: string | null
  protocol: (typeof FIRST_PROTOCOLS)[number]
  /** The socket's own end. */
  source: { address: Buffer; port: number }
  /** Index of the interface that it is bound to; 0: none. */
  device: number
}

/** Reads what follows the header of the record that begins at `at`; nothing of the buffer is kept. */
export function decodeConnect(buffer: Buffer, at: number): ConnectFields {
  const rule = buffer.readUInt32LE(at + 56)
  return {
    address: Buffer.from(buffer.subarray(at + 32, at + 48)),
    cookie: buffer.readBigUInt64LE(at + 48),
    rule: rule === RULE_NONE ? null : rule,
    name: buffer.readUInt32LE(at + 60),
    count: buffer.readUInt32LE(at + 64),
    port: buffer.readUInt16LE(at + 68),
    socketType: buffer.readUInt16LE(at + 70),
    family: buffer.readUInt8(at + 72),
    protocol: buffer.readUInt8(at + 73),
    verdict: VERDICTS[buffer.readUInt8(at + 74)] ?? 'blocked',
    via: VIAS[buffer.readUInt8(at + 75)] ?? 'packet',
    reason: CONNECT_REASONS[buffer.readUInt8(at + 76)] ?? 'no-rule',
    said: (buffer.readUInt16LE(at + 2) & CONNECT_NAMED) === 0 ? null : decodeSaid(buffer, at + 80),
  }
}

function decodeSaid(buffer: Buffer, at: number): Said {
  const length = buffer.readUInt8(at + 18)
  return {
    name: length === 0 ? null : buffer.toString('latin1', at + 24, at + 24 + length),
    protocol: FIRST_PROTOCOLS[buffer.readUInt8(at + 19)] ?? 'other',
    source: {
      address: Buffer.from(buffer.subarray(at, at + 16)),
      port: buffer.readUInt16LE(at + 16),
    },
    device: buffer.readUInt32LE(at + 20),
  }
}
