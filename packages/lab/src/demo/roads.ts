import type { DnsQueryRecord, PacketRecord, ServerRecord } from '../record.ts'
import type { ServerOptions } from '../server-plan.ts'

/** Stands for a secret of the build. */
export const token = 'not-a-real-token-7f3a9c'

const hex = Buffer.from(token).toString('hex')

/** The hosts that the thief collects at. */
export const thiefServers: readonly ServerOptions[] = [
  {
    name: 'collect.example.net',
    addresses: ['203.0.113.66', '2001:db8:66::66'],
    ports: { https: 443 },
  },
  { addresses: ['203.0.113.67'], ports: { tcp: 8443 } },
  { addresses: ['2001:db8:66::67'], ports: { https: 443 } },
]

/** The thief's own zone: any name below it reaches its name server. */
export const thiefRecords = { '*.exfil.example.net': ['203.0.113.68'] }

const thiefAddresses = new Set([
  ...thiefServers.flatMap((server) => server.addresses),
  '203.0.113.68',
])

/** All that the internet side of the lab recorded. */
export interface Loot {
  records: readonly ServerRecord[]
  packets: readonly PacketRecord[]
  queries: readonly DnsQueryRecord[]
}

/** One way by which the planted package tries to send the environment away. */
export interface Road {
  id: string
  title: string
  target: string
  /** How often what it sent arrived. */
  arrived(loot: Loot): number
}

const reached = (address: string) => (loot: Loot) =>
  loot.records.filter((record) => record.address === address && carries(record.data)).length

const asked = (mine: (server: string) => boolean) => (loot: Loot) =>
  loot.queries.filter(({ name, server }) => name.includes(hex) && mine(server)).length

/** In the order in which the thief takes them. */
export const roads: readonly Road[] = [
  {
    id: 'name',
    title: 'by name',
    target: 'https://collect.example.net/',
    arrived: (loot) =>
      loot.records.filter(
        (record) => record.server === 'collect.example.net' && carries(record.data),
      ).length,
  },
  {
    id: 'address',
    title: 'by bare address',
    target: '203.0.113.67:8443',
    arrived: reached('203.0.113.67'),
  },
  {
    id: 'dns',
    title: 'in DNS queries',
    target: `0.${hex.slice(0, 10)}….exfil.example.net`,
    arrived: asked((server) => server !== '198.51.100.53'),
  },
  {
    id: 'resolver',
    title: 'past the resolver',
    target: 'DNS server 198.51.100.53',
    arrived: asked((server) => server === '198.51.100.53'),
  },
  {
    id: 'ipv6',
    title: 'over IPv6',
    target: 'https://[2001:db8:66::67]/',
    arrived: reached('2001:db8:66::67'),
  },
]

/** Packets that went to the thief or carry the token, in whatever protocol and to whatever address. */
export function strayPackets({ packets }: Loot): PacketRecord[] {
  return packets.filter((packet) => thiefAddresses.has(packet.to) || carries(packet.payload))
}

function carries(bytes: Buffer): boolean {
  return bytes.includes(token) || bytes.includes(hex)
}
