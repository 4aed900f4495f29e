import { z } from 'zod'
import { base, decided, size } from './base.ts'
import { Protocol } from './words.ts'

export const DnsQuery = z.object({
  ...base,
  ...decided,
  kind: z.literal('dns.query'),
  name: z.string(),
  /** Query type by its mnemonic, or TYPEnnn (RFC 3597). */
  type: z.string(),
  /** The server that the process asked. */
  server: z.string(),
  serverPort: z.int(),
  protocol: z.enum(['udp', 'tcp']),
  /** Response code by its mnemonic; null: no answer was made. */
  rcode: z.string().nullable(),
  /** Addresses that the answer led to. */
  addresses: z.array(z.string()),
  /** Aliases between the name and the addresses, in order. */
  cnames: z.array(z.string()),
})

/** An attempt to reach a destination: a connect, a datagram, a raw or packet socket, a stray packet. */
export const NetConnect = z.object({
  ...base,
  ...decided,
  kind: z.literal('net.connect'),
  /** The name that led to the address, or that the connection says; null: none is known. */
  host: z.string().nullable(),
  /** Empty for sockets without a destination (raw, packet). */
  address: z.string(),
  port: z.int(),
  protocol: Protocol,
  /** What the process did, or the layer that stopped a packet. */
  via: z.enum(['connect', 'send', 'socket', 'packet', 'link']),
  /** Attempts that this one event stands for. */
  count: z.int().min(1),
})

/** What went over one flow, told when it ends or the run does. */
export const NetFlow = z.object({
  ...base,
  ...decided,
  kind: z.literal('net.flow'),
  host: z.string().nullable(),
  address: z.string(),
  port: z.int(),
  protocol: Protocol,
  bytesOut: size,
  packetsOut: size,
})
