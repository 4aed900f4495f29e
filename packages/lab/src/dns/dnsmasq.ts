import { dnsmasqLines, type DnsRecords } from './records.ts'

/** Where the lab's DNS server listens, UDP and TCP: the runner's own resolvers, and other ones. */
export const resolvers = {
  runner4: '192.0.2.53',
  runner6: '2001:db8:53::53',
  other4: '198.51.100.53',
  other6: '2001:db8:100::53',
} as const

/** A configuration in which only these records exist; every other name does not (NXDOMAIN). */
export function dnsmasqConfig(records: DnsRecords, folder: string): string {
  return [
    // As it is: with another user or group the kernel would no longer end it together with its parent.
    'user=root',
    'group=root',
    `pid-file=${folder}/dnsmasq.pid`,
    'log-facility=-',
    'no-resolv',
    'no-hosts',
    'no-poll',
    'bind-interfaces',
    ...Object.values(resolvers).map((address) => `listen-address=${address}`),
    'local=/#/',
    'cache-size=0',
    'local-ttl=300',
    'edns-packet-max=4096',
    'dns-forward-max=10000',
    ...dnsmasqLines(records),
    '',
  ].join('\n')
}
