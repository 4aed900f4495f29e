import type { BpfMap, BpfObject, MapEntries } from '@runwarden/libbpf'
import type { CompiledPolicy } from '@runwarden/policy'
import { blockedNames, drawHashKeys, httpsNames } from './blocked-names.ts'
import { EntryList } from './entry-list.ts'
import { EnforceError } from './error.ts'
import { encodeNumber, policyEntries } from './policy-entries.ts'

/** Maps of one slot. */
interface Slot {
  grantHosts: BpfMap
  grants: BpfMap
  singlePorts: BpfMap
  grantPorts: BpfMap
  narrowedRules: BpfMap
  blockedHosts: BpfMap
  blocked: BpfMap
  blockedNames: BpfMap
}

export const POLICY_BYTES = 16

/** struct policy of bpf/include/enforce.h. */
export function encodePolicy(
  egress: 'audit' | 'block',
  names: number,
  hashKeys: readonly [number, number],
): Buffer {
  const value = Buffer.alloc(POLICY_BYTES)
  value.writeUInt32LE(egress === 'block' ? 1 : 0, 0)
  value.writeUInt32LE(names, 4)
  value.writeUInt32LE(hashKeys[0], 8)
  value.writeUInt32LE(hashKeys[1], 12)
  return value
}

/**
 * The two places for a policy in the kernel. The next policy is written where nobody reads, and
 * comes into force by the change of one number.
 */
export class PolicySlots {
  readonly #slots: readonly [Slot, Slot]
  readonly #policies: BpfMap
  readonly #state: BpfMap
  /** Nothing is in them yet: to look for what is in an empty map takes as long as in one that is full. */
  readonly #unwritten: Set<Slot>
  #generation: number

  /** In the maps of an earlier agent its policy is in force, and stays so until enact(). */
  constructor(object: BpfObject) {
    const slot = (index: number): Slot => ({
      grantHosts: object.map(`grant_hosts_${index}`),
      grants: object.map(`grants_${index}`),
      singlePorts: object.map(`single_ports_${index}`),
      grantPorts: object.map(`grant_ports_${index}`),
      narrowedRules: object.map(`narrowed_rules_${index}`),
      blockedHosts: object.map(`blocked_hosts_${index}`),
      blocked: object.map(`blocked_${index}`),
      blockedNames: object.map(`blocked_names_${index}`),
    })
    this.#slots = [slot(0), slot(1)]
    this.#policies = object.map('policies')
    this.#state = object.map('policy_state')
    this.#generation = this.#state.get(encodeNumber(0))?.readUInt32LE() ?? 0
    this.#unwritten = new Set(this.#generation === 0 ? this.#slots : [])
  }

  /** Number of the policy in force. */
  get generation(): number {
    return this.#generation
  }

  /** Blocked addresses of the policy in force. */
  get blocked(): BpfMap {
    return this.#at(this.#generation).blocked
  }

  /**
   * Writes a policy to the slot that is not in use.
   * @returns its number, for enact()
   * @throws EnforceError when it has no room in the kernel; the policy in force stays
   */
  write(policy: CompiledPolicy): number {
    const next = this.#generation + 1
    const slot = this.#at(next)
    const entries = policyEntries(policy)
    const hashKeys = drawHashKeys()
    const names = blockedNames(policy, hashKeys)
    try {
      if (!this.#unwritten.delete(slot))
        for (const map of Object.values(slot) as BpfMap[]) map.clear()
      fillBoth(slot.grantHosts, slot.grants, entries.grants)
      fillBoth(slot.singlePorts, slot.grantPorts, entries.grantPorts)
      fill(slot.narrowedRules, entries.narrowedRules)
      fillBoth(slot.blockedHosts, slot.blocked, entries.blocked)
      fill(slot.blockedNames, names)
      fill(slot.blockedNames, httpsNames(policy, hashKeys))
      this.#policies.set(encodeNumber(next & 1), encodePolicy(policy.egress, names.count, hashKeys))
    } catch (cause) {
      throw new EnforceError(
        'ENFORCE_POLICY',
        `the policy cannot be written to the kernel (${entries.grants.count} address grants, ${entries.blocked.count} blocked addresses, ${names.count} blocked names): ${cause instanceof Error ? cause.message : String(cause)}`,
        'use fewer of them (at most 1,048,576 each), free memory, or start anew: names have twice the room that the policy at the start needed',
        { cause },
      )
    }
    return next
  }

  /** Puts the policy that write() has written in force. */
  enact(generation: number): void {
    this.#state.set(encodeNumber(0), encodeNumber(generation))
    this.#generation = generation
  }

  #at(generation: number): Slot {
    return this.#slots[generation & 1 ? 1 : 0]
  }
}

function fill(map: BpfMap, { keys, values, count }: MapEntries): void {
  map.setBatch(keys, values, count)
}

/** Least room in the hashes that a trie takes the rest of: each second what is in force is gone through, and that costs by the room. */
const leastRoom = 1 << 12
/** Of names there is no other map. */
const leastNames = 1 << 15

/**
 * Entries of the slots' hashes, by name of the map. The kernel sets 16 bytes aside for each at once, so there is
 * room for the policy at hand, as much again, and some for a later one.
 */
export function hashSizes(policy: CompiledPolicy): Record<string, number> {
  const counts = {
    grant_hosts: policy.addresses.length,
    single_ports: policy.addresses.length * 2,
    blocked_hosts: policy.blockedAddresses.length,
    blocked_names: policy.blockEntries.length + policy.https.lines.length,
  }
  return Object.fromEntries(
    Object.entries(counts).flatMap(([name, count]) => {
      const least = name === 'blocked_names' ? leastNames : leastRoom
      const room = Math.min(1 << 20, Math.max(least, 2 ** Math.ceil(Math.log2(count * 2 + 1))))
      return [0, 1].map((slot) => [`${name}_${slot}`, room])
    }),
  )
}

/**
 * A trie's entry whose prefix is the whole key goes to the hash instead: one step, however many there are. Where
 * that is full, the trie takes it.
 */
function fillBoth(hash: BpfMap, trie: BpfMap, { keys, values, count }: MapEntries): void {
  const size = trie.keySize
  const whole = hash.keySize * 8
  const single = new EntryList(hash.keySize, hash.valueSize, Math.min(count, hash.maxEntries))
  const blocks = new EntryList(size, trie.valueSize)
  for (let i = 0; i < count; i++) {
    const from = i * size
    // All of them have numbers for values.
    const value = values.readUInt32LE(i * 4)
    if (keys.readUInt32LE(from) === whole && single.count < hash.maxEntries)
      single.addBy((to, at) => keys.copy(to, at, from + 4, from + size), value)
    else blocks.addBy((to, at) => keys.copy(to, at, from, from + size), value)
  }
  fill(hash, single)
  fill(trie, blocks)
}
