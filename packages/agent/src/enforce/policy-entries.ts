import type { AddressGrant, CompiledBlock, CompiledPolicy } from '@runwarden/policy'
import { EntryList } from './entry-list.ts'
import { IPPROTO_TCP, IPPROTO_UDP } from './maps.ts'
import { disjoint, type NarrowedLine, type PortRange, portPrefixes } from './port-ranges.ts'

/** Bits of a port set's key before the port: set and protocol. */
const SET_BITS = 48

/** Lines of differing narrowings for one address and port; see bpf/include/narrowed_grants.h. */
const NARROWED_RULES = 8
const RULES_NARROWED = 0x8000_0000
export const NARROWED_RULES_BYTES = 8 + NARROWED_RULES * 8

const ADDRESS_KEY_BYTES = 20
const PORT_KEY_BYTES = 12
const NUMBER_BYTES = 4

/** Entries of one slot of the policy maps. */
export interface PolicyEntries {
  grants: EntryList
  grantPorts: EntryList
  narrowedRules: EntryList
  blocked: EntryList
}

/** Key of an address trie: IPv4 prefixes are those of ::ffff:0:0/96. */
export function encodeAddressKey({ bytes, prefix }: CompiledBlock): Buffer {
  // Unsafe ones come from a pool; all of it is written.
  const key = Buffer.allocUnsafe(ADDRESS_KEY_BYTES)
  key.writeUInt32LE(prefix, 0)
  key.write(bytes, 4, 'latin1')
  return key
}

/** A value that is a number: a set of ports, a rule's index, a block-list entry's index. */
export function encodeNumber(number: number): Buffer {
  const value = Buffer.allocUnsafe(NUMBER_BYTES)
  value.writeUInt32LE(number)
  return value
}

/**
 * The map entries of a policy. A trie finds only the longest prefix, so each prefix holds the
 * ports of those around it, too.
 */
export function policyEntries(policy: CompiledPolicy): PolicyEntries {
  const grants = new EntryList(ADDRESS_KEY_BYTES, NUMBER_BYTES)
  const sets = new PortSets()
  // Those of the prefix at hand, and of all around it.
  const around: AddressGrant[] = []
  const sorted = policy.addresses.toSorted((a, b) => {
    if (a.bytes !== b.bytes) return a.bytes < b.bytes ? -1 : 1
    return a.prefix - b.prefix
  })
  for (const [index, grant] of sorted.entries()) {
    while (around.length > 0 && !contains(around.at(-1), grant)) around.pop()
    around.push(grant)
    const next = sorted[index + 1]
    if (next !== undefined && next.prefix === grant.prefix && contains(next, grant)) continue
    grants.add(encodeAddressKey(grant), sets.id(disjoint(around.flatMap(portRanges))))
  }
  const blocked = new EntryList(ADDRESS_KEY_BYTES, NUMBER_BYTES)
  for (const block of policy.blockedAddresses) blocked.add(encodeAddressKey(block), block.entry)
  return { grants, grantPorts: sets.entries, narrowedRules: sets.narrowed, blocked }
}

function contains(outer: AddressGrant | undefined, inner: AddressGrant): boolean {
  if (outer === undefined || outer.prefix > inner.prefix) return false
  const whole = outer.prefix >> 3
  if (!inner.bytes.startsWith(outer.bytes.slice(0, whole))) return false
  const mask = (0xff00 >> (outer.prefix & 7)) & 0xff
  return ((outer.bytes.charCodeAt(whole) ^ inner.bytes.charCodeAt(whole)) & mask) === 0
}

function portRanges(grant: AddressGrant): PortRange[] {
  const { portFrom: from, portTo: to, rule, narrowing } = grant
  const ranges: PortRange[] = []
  if (grant.protocol !== 'udp') ranges.push({ from, to, rule, narrowing, protocol: IPPROTO_TCP })
  if (grant.protocol !== 'tcp') ranges.push({ from, to, rule, narrowing, protocol: IPPROTO_UDP })
  return ranges
}

/** Key for the ports whose first `bits` bits are those of `port`, in a set. */
export function encodePortKey(set: number, protocol: number, port: number, bits: number): Buffer {
  const key = Buffer.allocUnsafe(PORT_KEY_BYTES)
  key.writeUInt32LE(SET_BITS + bits, 0)
  key.writeUInt32BE(set, 4)
  key.writeUInt16LE(protocol, 8)
  key.writeUInt16BE(port, 10)
  return key
}

/** Sets of ports; alike ones are kept once. */
class PortSets {
  readonly entries = new EntryList(PORT_KEY_BYTES, NUMBER_BYTES)
  readonly narrowed = new EntryList(NUMBER_BYTES, NARROWED_RULES_BYTES)
  readonly #ids = new Map<string, number>()

  id(ranges: readonly PortRange[]): number {
    let text = ''
    for (const { from, to, protocol, rule, lines } of ranges)
      text += `${protocol} ${from} ${to} ${lines === undefined ? rule : JSON.stringify(lines)},`
    const known = this.#ids.get(text)
    if (known !== undefined) return known
    const id = this.#ids.size + 1
    this.#ids.set(text, id)
    for (const { from, to, protocol, rule: own, lines } of ranges) {
      const rule = lines === undefined ? own : this.#narrow(lines)
      for (const { port, bits } of portPrefixes(from, to)) {
        this.entries.add(encodePortKey(id, protocol, port, bits), rule)
      }
    }
    return id
  }

  /** In place of a rule: the key of the lines that allow the ports to some. */
  #narrow(lines: readonly NarrowedLine[]): number {
    if (lines.length > NARROWED_RULES)
      throw new Error(
        `more than ${NARROWED_RULES} differently narrowed lines name one address and port`,
      )
    const key = (RULES_NARROWED | (this.narrowed.count + 1)) >>> 0
    const value = Buffer.alloc(NARROWED_RULES_BYTES)
    value.writeUInt32LE(lines.length, 0)
    for (const [index, { rule, narrowing }] of lines.entries()) {
      value.writeUInt32LE(rule, 8 + index * 8)
      value.writeUInt32LE(narrowing, 12 + index * 8)
    }
    this.narrowed.add(encodeNumber(key), value)
    return key
  }
}
