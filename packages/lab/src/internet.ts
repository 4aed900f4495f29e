import { writeFileSync } from 'node:fs'
import type { Authority } from './certificates.ts'
import { dnsmasqConfig } from './dns/dnsmasq.ts'
import type { DnsRecords } from './dns/records.ts'
import type { InternetSide } from './internet-side.ts'
import type { DnsQueryRecord, PacketRecord, ServerRecord } from './record.ts'
import { plansOf, recordsOf, type ServerOptions } from './server-plan.ts'

/** The lab's internet: servers and DNS, and the record of what reached them. */
export class Internet {
  readonly dns: Dns
  readonly #side: InternetSide
  readonly #authority: Authority

  constructor(side: InternetSide, authority: Authority, dns: Dns) {
    this.#side = side
    this.#authority = authority
    this.dns = dns
  }

  /** A process that holds the internet's network namespace. */
  get pid(): number {
    return this.#side.pid
  }

  /** Starts servers; their names are in the DNS when this resolves. Throws LabError LAB_SERVE. */
  async serve(servers: readonly ServerOptions[]): Promise<void> {
    const plans = await Promise.all(servers.map((server) => plansOf(server, this.#authority)))
    const started = plans.flat().map((plan) => this.#side.ask({ do: 'serve', plan }, 'LAB_SERVE'))
    await Promise.all([...started, this.dns.add(recordsOf(servers))])
  }

  /** A certificate for these names, and its key; PEM. */
  issue(names: readonly string[]): Promise<{ cert: string; key: string }> {
    return this.#authority.issue(names)
  }

  /** Everything that reached a server so far, in order of arrival. */
  async records(): Promise<ServerRecord[]> {
    const records = await this.#side.ask({ do: 'records' }, 'LAB_CAPTURE')
    return records.map((record) =>
      Object.assign({}, record, { data: Buffer.from(record.data, 'base64') }),
    )
  }

  /**
   * Every IP packet that reached the internet's end of the link so far, to whatever address; without
   * the link's own upkeep (ARP, neighbour discovery, multicast listener reports).
   */
  async packets(): Promise<PacketRecord[]> {
    const packets = await this.#side.ask({ do: 'packets' }, 'LAB_CAPTURE')
    return packets.map((packet) =>
      Object.assign({}, packet, { payload: Buffer.from(packet.payload, 'base64') }),
    )
  }

  /** Resolves when all that the runner sent so far is in the records. */
  async flush(): Promise<void> {
    await this.#side.ask({ do: 'flush' }, 'LAB_CAPTURE')
  }

  /** Empties all records. */
  async clear(): Promise<void> {
    await this.#side.ask({ do: 'clear' }, 'LAB_CAPTURE')
  }
}

/** The lab's DNS server, at each of `resolvers`. */
export class Dns {
  readonly #side: InternetSide
  readonly #folder: string
  #records: DnsRecords

  constructor(side: InternetSide, folder: string, records: DnsRecords) {
    this.#side = side
    this.#folder = folder
    this.#records = records
  }

  /** Writes the configuration file; gives its path. */
  configure(): string {
    const file = `${this.#folder}/dnsmasq.conf`
    writeFileSync(file, dnsmasqConfig(this.#records, this.#folder))
    return file
  }

  /** Sets all records of these names; the server answers with them when this resolves. */
  async set(records: DnsRecords): Promise<void> {
    this.#records = { ...this.#records, ...records }
    await this.#side.ask({ do: 'dns', config: this.configure() }, 'LAB_DNS')
  }

  /** Adds records to what these names have. */
  async add(records: DnsRecords): Promise<void> {
    const names = Object.entries(records)
    if (names.length === 0) return
    await this.set(
      Object.fromEntries(
        names.map(([name, more]) => [name, [...(this.#records[name] ?? []), ...more]]),
      ),
    )
  }

  /** Every query so far that reached port 53 of whatever address, over UDP and TCP, in order. */
  queries(): Promise<DnsQueryRecord[]> {
    return this.#side.ask({ do: 'queries' }, 'LAB_CAPTURE')
  }
}
