/** What the internet side of a lab saw. Times are milliseconds since the epoch. */

/** What a server of the lab speaks. */
export type Service = 'http' | 'https' | 'tcp' | 'udp' | 'smtp'

/** One HTTP request that a server received. */
export interface HttpRecord {
  method: string
  /** The Host header (or :authority), as sent. */
  host: string
  path: string
  headers: Record<string, string>
  body: string
}

/** One TCP connection, or one datagram, that a server received. */
export interface ServerRecord {
  time: number
  service: Service
  /** First name of the server; its address when it has none. */
  server: string
  /** The address that was reached, without brackets. */
  address: string
  port: number
  protocol: 'tcp' | 'udp'
  from: { address: string; port: number }
  /** The name in the TLS ClientHello; null: none was sent, or this is no TLS. */
  sni: string | null
  /** HTTP requests on this connection, in order. */
  requests: HttpRecord[]
  /** Application bytes received (decrypted, for HTTPS: those of the requests). */
  bytes: number
  /** The first 64 KiB of them. */
  data: Buffer
  /** What went wrong on the server's side, e.g. in the TLS handshake; null: nothing. */
  error: string | null
}

/** One IP packet that arrived at the internet side of the lab's link, whether or not anything listened. */
export interface PacketRecord {
  time: number
  family: 4 | 6
  protocol: 'tcp' | 'udp' | 'icmp' | 'icmp6' | 'sctp' | 'dccp' | 'udplite' | `ip-${number}`
  from: string
  to: string
  /** Null where the protocol has no ports, and in later fragments. */
  fromPort: number | null
  toPort: number | null
  /** TCP flags as letters, e.g. `S` or `PA`; empty otherwise. */
  flags: string
  /** Bytes of the transport's payload. */
  bytes: number
  /** That payload; empty once the lab has kept 64 MiB. */
  payload: Buffer
}

/** One DNS query that arrived at port 53 of any address, whether or not a server was there. */
export interface DnsQueryRecord {
  time: number
  /** As sent, without the trailing dot; bytes that are no printable ASCII as \DDD. */
  name: string
  /** Mnemonic, or TYPEnnn (RFC 3597). */
  type: string
  /** The server that was asked. */
  server: string
  transport: 'udp' | 'tcp'
  from: { address: string; port: number }
}
