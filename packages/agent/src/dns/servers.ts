import { networkInterfaces } from 'node:os'
import { isLoopback } from '@runwarden/policy'
import { formatAddress } from './address.ts'
import type { DnsServer, NamePolicy, Standing } from './contract.ts'

/** How long the machine's own addresses are believed (ms): bridges of containers come and go. */
const OWN_MS = 1000

/** The servers that may be asked: which are trusted, and which of the machine's own stands in for others. */
export class Servers {
  readonly #resolvers: readonly DnsServer[]
  readonly #byKey: Map<string, DnsServer>
  readonly #addressesOfMachine: () => ReadonlySet<string>
  #preferred = 0
  #own: ReadonlySet<string> = new Set()
  #ownUntil = 0

  /**
   * @param resolvers of this machine, as they were when the run began; at least one
   * @param addressesOfMachine what its interfaces have now, in canonical text
   */
  constructor(resolvers: readonly DnsServer[], addressesOfMachine = interfaceAddresses) {
    this.#resolvers = resolvers
    this.#byKey = new Map(resolvers.map((server) => [serverKey(server), server]))
    this.#addressesOfMachine = addressesOfMachine
  }

  /**
   * Policy makes a resolver of a server only by a line for that very port: by UDP, which stands for TCP
   * too (answers that do not fit come so), or by TCP for queries over TCP. A range of ports, or one for
   * another protocol, is not meant so, and its answers would open addresses.
   */
  standing(policy: NamePolicy, server: DnsServer, protocol: 'udp' | 'tcp'): Standing {
    if (this.#byKey.has(serverKey(server))) return 'trusted'
    const named = policy
      .addressGrants(server.address)
      .some(
        (grant) =>
          grant.portFrom === server.port &&
          grant.portTo === server.port &&
          (grant.protocol !== 'tcp' || protocol === 'tcp'),
      )
    if (named) return 'trusted'
    return this.#isHere(server) ? 'here' : 'strange'
  }

  /** The server to send to; a resolver's own text has the zone that the kernel does not tell. */
  exact(server: DnsServer): DnsServer {
    return this.#byKey.get(serverKey(server)) ?? server
  }

  /** The machine's own resolver that answers in place of a server that is not trusted; null: it has none. */
  standIn(): DnsServer | null {
    return this.#resolvers[this.#preferred] ?? null
  }

  /** A stand-in did not answer: the next one is asked from here on. */
  failed(server: DnsServer): void {
    if (this.#resolvers[this.#preferred] === server)
      this.#preferred = (this.#preferred + 1) % this.#resolvers.length
  }

  #isHere({ address }: DnsServer): boolean {
    if (isLoopback(address)) return true
    const now = performance.now()
    if (now >= this.#ownUntil) {
      this.#own = this.#addressesOfMachine()
      this.#ownUntil = now + OWN_MS
    }
    return this.#own.has(formatAddress(address))
  }
}

function interfaceAddresses(): ReadonlySet<string> {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
  return new Set(all.map(({ address }) => address))
}

function serverKey(server: DnsServer): string {
  return `${formatAddress(server.address)}#${server.port}`
}
