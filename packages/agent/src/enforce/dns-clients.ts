import { type BpfMap, openMapById } from '@runwarden/libbpf'
import { formatAddress, parseAddress } from '../dns/address.ts'
import type { ClientLookup, DnsClient } from '../dns/contract.ts'
import {
  decodeDnsClientValue,
  encodeDnsClientKey,
  type EnforceMapIds,
  IPPROTO_TCP,
  IPPROTO_UDP,
} from './maps.ts'
import { ProcessFits } from './process-fits.ts'

/** Who asks the DNS proxy, by what the kernel noted when the query passed `cgroup_skb/egress`. */
export class DnsClients implements ClientLookup {
  readonly #map: BpfMap
  readonly #fits: ProcessFits | null

  /** @param fits without it, nobody is one that a line is narrowed to */
  constructor(map: BpfMap, fits: ProcessFits | null = null) {
    this.#map = map
    this.#fits = fits
  }

  /** Opens the map of an enforcer, from any thread. */
  static open(ids: EnforceMapIds): DnsClients {
    const fits = ids.processFits === null ? null : new ProcessFits(openMapById(ids.processFits))
    return new DnsClients(openMapById(ids.dnsClients), fits)
  }

  /** The process that sends from this address and port; null: nobody of the scope does. */
  find(protocol: 'udp' | 'tcp', host: string, port: number, netns = 0): DnsClient | null {
    const address = parseAddress(host)
    if (address === null) return null
    const number = protocol === 'udp' ? IPPROTO_UDP : IPPROTO_TCP
    const value = this.#map.get(encodeDnsClientKey(number, address, port, netns))
    if (value === undefined) return null
    const { start, tgid, server, serverPort } = decodeDnsClientValue(value)
    return {
      process: tgid === 0 ? null : { tgid, start },
      server: { address: server, host: formatAddress(server), port: serverPort },
    }
  }

  fulfils(process: NonNullable<DnsClient['process']>, narrowing: number): boolean {
    return this.#fits?.fulfils(process, narrowing) ?? false
  }

  close(): void {
    this.#map.close()
    this.#fits?.close()
  }
}
