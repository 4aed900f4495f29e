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
export function encodeAddressKey(block: CompiledBlock): Buffer {
  const key = Buffer.alloc(ADDRESS_KEY_BYTES)
  writeAddressKey(key, 0, block)
  return key
}

function writeAddressKey(keys: Buffer, at: number, { bytes, prefix }: CompiledBlock): void {
  keys.writeUInt32LE(prefix, at)
  for (let i = 0; i < 16; i++) keys[at + 4 + i] = bytes.charCodeAt(i)
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
  const grants = new EntryList(ADDRESS_KEY_BYTES, NUMBER_BYTES, policy.addresses.length)
  const sets = new PortSets(policy.addresses.length)
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
    const set = around.length === 1 ? sets.of(grant) : sets.id(disjoint(around.flatMap(portRanges)))
    addAddress(grants, grant, set)
  }
  const blocked = new EntryList(ADDRESS_KEY_BYTES, NUMBER_BYTES, policy.blockedAddresses.length)
  for (const block of policy.blockedAddresses) addAddress(blocked, block, block.entry)
  return { grants, grantPorts: sets.entries, narrowedRules: sets.narrowed, blocked }
}

function addAddress(list: EntryList, block: CompiledBlock, value: number): void {
  list.addBy((keys, at) => writeAddressKey(keys, at, block), value)
}

function contains(outer: AddressGrant | undefined, inner: AddressGrant): boolean {
  if (outer === undefined || outer.prefix > inner.prefix) return false
  if (outer.prefix === 128) return outer.bytes === inner.bytes
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
  const key = Buffer.alloc(PORT_KEY_BYTES)
  writePortKey(key, 0, set, protocol, port, bits)
  return key
}

function writePortKey(
  keys: Buffer,
  at: number,
  set: number,
  protocol: number,
  port: number,
  bits: number,
): void {
  keys.writeUInt32LE(SET_BITS + bits, at)
  keys.writeUInt32BE(set, at + 4)
  keys.writeUInt16LE(protocol, at + 8)
  keys.writeUInt16BE(port, at + 10)
}

/** Sets of ports; alike ones are kept once. */
class PortSets {
  readonly entries: EntryList
  readonly narrowed = new EntryList(NUMBER_BYTES, NARROWED_RULES_BYTES)
  readonly #ids = new Map<string, number>()
  /** Of the ports of one line alone, as nearly all are, by its number. */
  readonly #idsOfLines = new Map<number, number>()
  #last = 0

  /** @param room sets that are expected */
  constructor(room: number) {
    this.entries = new EntryList(PORT_KEY_BYTES, NUMBER_BYTES, room)
  }

  /** The set of one grant's ports. */
  of(grant: AddressGrant): number {
    const { protocol, portFrom, portTo, rule, narrowing } = grant
    const plain = protocol !== 'any' && portFrom === portTo && (narrowing ?? 0) === 0
    if (!plain) return this.id(disjoint(portRanges(grant)))
    const known = this.#idsOfLines.get(rule)
    if (known !== undefined) return known
    const id = ++this.#last
    this.#idsOfLines.set(rule, id)
    this.#addPorts(id, protocol === 'tcp' ? IPPROTO_TCP : IPPROTO_UDP, portFrom, 16, rule)
    return id
  }

  id(ranges: readonly PortRange[]): number {
    let text = ''
    for (const { from, to, protocol, rule, lines } of ranges)
      text += `${protocol} ${from} ${to} ${lines === undefined ? rule : JSON.stringify(lines)},`
    const known = this.#ids.get(text)
    if (known !== undefined) return known
    const id = ++this.#last
    this.#ids.set(text, id)
    for (const { from, to, protocol, rule: own, lines } of ranges) {
      const rule = lines === undefined ? own : this.#narrow(lines)
      for (const { port, bits } of portPrefixes(from, to))
        this.#addPorts(id, protocol, port, bits, rule)
    }
    return id
  }

  #addPorts(id: number, protocol: number, port: number, bits: number, rule: number): void {
    this.entries.addBy((keys, at) => writePortKey(keys, at, id, protocol, port, bits), rule)
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
