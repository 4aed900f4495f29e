/** Numbers of the DNS (IANA "Domain Name System Parameters") that this proxy speaks of. */
export const RCODE = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  BADVERS: 16,
} as const

export const TYPE = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  NULL: 10,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  NAPTR: 35,
  DNAME: 39,
  OPT: 41,
  DS: 43,
  RRSIG: 46,
  NSEC: 47,
  DNSKEY: 48,
  TLSA: 52,
  SVCB: 64,
  HTTPS: 65,
  TKEY: 249,
  TSIG: 250,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
  CAA: 257,
} as const

export const CLASS_IN = 1

/** Extended DNS Error "Blocked" (RFC 8914 §4.16). */
export const EDE_BLOCKED = 15

const rcodes = new Map<number, string>([
  ...Object.entries(RCODE).map(([name, code]) => [code, name] as const),
  [6, 'YXDOMAIN'],
  [7, 'YXRRSET'],
  [8, 'NXRRSET'],
  [9, 'NOTAUTH'],
  [10, 'NOTZONE'],
])
const types = new Map<number, string>(Object.entries(TYPE).map(([name, code]) => [code, name]))

/** Mnemonic of a response code, or RCODEnnn. */
export function rcodeName(code: number): string {
  return rcodes.get(code) ?? `RCODE${code}`
}

/** Mnemonic of a record type, or TYPEnnn (RFC 3597). */
export function typeName(type: number): string {
  return types.get(type) ?? `TYPE${type}`
}
