/** Mnemonics of the types that tests ask for (IANA DNS parameters). */
const types: Record<number, string> = {
  1: 'A',
  2: 'NS',
  5: 'CNAME',
  6: 'SOA',
  12: 'PTR',
  15: 'MX',
  16: 'TXT',
  28: 'AAAA',
  33: 'SRV',
  43: 'DS',
  48: 'DNSKEY',
  64: 'SVCB',
  65: 'HTTPS',
  255: 'ANY',
  257: 'CAA',
}

/**
 * Name and type of the first question of a DNS query (RFC 1035 §4.1); null: this is no query.
 * Compressed names don't occur there.
 */
export function readQuestion(message: Buffer): { name: string; type: string } | null {
  if (message.length < 17 || (message.readUInt8(2) & 0x80) !== 0 || message.readUInt16BE(4) === 0) {
    return null
  }
  const labels: string[] = []
  let at = 12
  for (;;) {
    const length = message[at]
    if (length === undefined || length > 63 || at + 1 + length > message.length) return null
    at++
    if (length === 0) break
    labels.push(labelText(message.subarray(at, at + length)))
    at += length
  }
  if (at + 4 > message.length) return null
  const type = message.readUInt16BE(at)
  return { name: labels.join('.'), type: types[type] ?? `TYPE${type}` }
}

function labelText(label: Buffer): string {
  return Array.from(label, (byte) => {
    if (byte <= 0x20 || byte >= 0x7f) return `\\${String(byte).padStart(3, '0')}`
    return byte === 0x2e || byte === 0x5c
      ? `\\${String.fromCodePoint(byte)}`
      : String.fromCodePoint(byte)
  }).join('')
}
