import type { DnsQueryRecord, PacketRecord, ServerRecord } from '../record.ts'
import { hexOf, type Mark } from './place.ts'

/** All that the lab's internet saw. */
export interface Loot {
  records: readonly ServerRecord[]
  packets: readonly PacketRecord[]
  queries: readonly DnsQueryRecord[]
  /** What the suite's own servers at the internet's end have said, line by line. */
  said: readonly string[]
}

/** Tokens as such (names may come in mixed case), and in hexadecimal digits. */
const tokens = /zq[at]\d{4}z|7a71(?:61|74)(?:3\d){4}7a/g
/** The suite's own IPv4 addresses inside of an IPv6 address. */
const embedded = /0b1[23][0-9a-f]{4}/

/** Which marks arrived, and how, from everything that the internet saw. */
export class Arrivals {
  readonly #by = new Map<string, Set<string>>()

  constructor(loot: Loot) {
    for (const { protocol, to, toPort, payload, flags } of loot.packets) {
      // What only acknowledges, ends or refuses says nothing; it may be of a connection of long before.
      if (protocol === 'tcp' && !flags.includes('S') && payload.length === 0) continue
      const what = `${protocol} packet to ${to} port ${toPort}`
      this.#address(to, what)
      this.#text(payload.toString('latin1'), what)
    }
    for (const { name, type, server } of loot.queries) {
      const what = `query for ${name} ${type} at ${server}`
      this.#text(name, what)
      this.#add(`name ${name.toLowerCase()}`, what)
    }
    for (const { service, server, address, port, sni, data } of loot.records) {
      const what = `${service} at ${server} port ${port}`
      this.#address(address, what)
      this.#text(`${sni ?? ''} ${data.toString('latin1')}`, what)
    }
    for (const line of loot.said) this.#text(line, line)
  }

  /** What arrived with this mark, in words; empty: nothing. */
  of({ token, v4, v6 }: Mark, more: readonly string[] = []): string[] {
    return [token, v4, v6, hexOf(v4), ...more].flatMap((key) => Array.from(this.#by.get(key) ?? []))
  }

  #address(address: string, what: string): void {
    this.#add(address, what)
    if (!address.includes(':')) return
    const [head = '', tail = ''] = address.split('::', 2)
    const inside = embedded.exec(digits(head) + digits(tail))?.[0]
    if (inside !== undefined) this.#add(inside, what)
  }

  #text(text: string, what: string): void {
    for (const [found] of text.toLowerCase().matchAll(tokens)) {
      this.#add(found.startsWith('7a') ? Buffer.from(found, 'hex').toString() : found, what)
    }
  }

  #add(key: string, what: string): void {
    const known = this.#by.get(key)
    if (known === undefined) this.#by.set(key, new Set([what]))
    else known.add(what)
  }
}

function digits(groups: string): string {
  return groups
    .split(':')
    .map((group) => group.padStart(4, '0'))
    .join('')
}
