import { uptime } from 'node:os'
import { type BpfMap, openMapById } from '@runwarden/libbpf'
import type { Learner, NameGrant } from '../dns/contract.ts'
import {
  decodeLearnedKey,
  decodeLearnedValue,
  decodeName,
  encodeLearnedKey,
  encodeLearnedValue,
  encodeName,
  encodeNameKey,
  type EnforceMapIds,
  IPPROTO_TCP,
  IPPROTO_UDP,
  LEARNED_RANGES,
  type LearnedRange,
  RULE_NONE,
} from './maps.ts'

/** Now, CLOCK_BOOTTIME in ns, as precise as /proc/uptime. */
export function bootTime(): bigint {
  return BigInt(Math.round(uptime() * 1e9))
}

/** A range that lives longest is kept when an address has too many; those that grant go first. */
function byWorth(a: LearnedRange, b: LearnedRange): number {
  const granting = Number(b.rule !== RULE_NONE) - Number(a.rule !== RULE_NONE)
  return granting || Number(b.expires - a.expires > 0n) - Number(b.expires - a.expires < 0n)
}

/**
 * Adds ranges to those of an address: the same name, rule and ports are renewed, what has
 * expired goes, and of more than LEARNED_RANGES the ones worth most stay.
 */
export function mergeRanges(
  known: readonly LearnedRange[],
  added: readonly LearnedRange[],
  now: bigint,
): LearnedRange[] {
  const ranges = new Map<string, LearnedRange>()
  for (const range of [...known, ...added]) {
    if (range.expires <= now) continue
    const key = `${range.name} ${range.rule} ${range.portFrom} ${range.portTo}`
    const before = ranges.get(key)
    if (before === undefined || before.expires < range.expires) ranges.set(key, range)
  }
  return [...ranges.values()].sort(byWorth).slice(0, LEARNED_RANGES)
}

/** Learned addresses, as the DNS thread writes them. One writer at a time. */
export class LearnedAddresses implements Learner {
  readonly #learned: BpfMap
  readonly #names: BpfMap
  readonly #ids = new Map<string, number>()
  readonly #now: () => bigint

  constructor(maps: { learned: BpfMap; names: BpfMap }, now = bootTime) {
    this.#learned = maps.learned
    this.#names = maps.names
    this.#now = now
    for (const [key, value] of maps.names.entries())
      this.#ids.set(decodeName(value), key.readUInt32LE())
  }

  /** Opens the maps of an enforcer, from any thread. */
  static open(ids: EnforceMapIds): LearnedAddresses {
    return new LearnedAddresses({
      learned: openMapById(ids.learned),
      names: openMapById(ids.names),
    })
  }

  /**
   * Lets connections to an address pass that a name led to. In force when it returns.
   * @param ttl seconds
   * @param grants what the name may be used for; empty: the name is only kept for the reports
   * @returns false when the kernel's map is full: connections to the address stay denied
   */
  learn(name: string, address: Uint8Array, ttl: number, grants: readonly NameGrant[]): boolean {
    const now = this.#now()
    // The answer has yet to travel to its reader, and the reader to connect.
    const expires = now + BigInt(Math.ceil(Math.max(ttl, 1) * 1e9))
    const id = this.#id(name)
    let kept = true
    for (const protocol of [IPPROTO_TCP, IPPROTO_UDP]) {
      const ranges: LearnedRange[] = grants
        .filter((grant) => numbersOf(grant).includes(protocol))
        .map(({ portFrom, portTo, rule }) => ({ expires, name: id, rule, portFrom, portTo }))
      if (grants.length === 0) ranges.push(knownOnly(id, expires))
      if (ranges.length > 0) kept = this.#write(address, protocol, ranges, now) && kept
    }
    return kept
  }

  /**
   * Puts what was learned under another policy: names that it does not allow grant no more.
   * @param grants what the policy allows a name to be used for
   */
  relearn(grants: (name: string) => readonly NameGrant[]): void {
    const now = this.#now()
    const names = new Map(Array.from(this.#ids, ([name, id]) => [id, name]))
    for (const { address, protocol, ranges } of this.entries()) {
      const renewed = ranges.flatMap((range) => {
        const { expires, name: id } = range
        const name = names.get(id)
        if (name === undefined) return []
        const own = grants(name).filter((grant) => numbersOf(grant).includes(protocol))
        return own.length === 0
          ? [knownOnly(id, expires)]
          : own.map(({ portFrom, portTo, rule }) => ({ expires, name: id, rule, portFrom, portTo }))
      })
      this.#learned.set(
        encodeLearnedKey(address, protocol),
        encodeLearnedValue(mergeRanges([], renewed, now)),
      )
    }
  }

  /** Whether some name grants the address now, for any port. */
  has(address: Uint8Array): boolean {
    const now = this.#now()
    return [IPPROTO_TCP, IPPROTO_UDP].some((protocol) => {
      const value = this.#learned.get(encodeLearnedKey(address, protocol))
      return (
        value !== undefined &&
        decodeLearnedValue(value).some((range) => range.rule !== RULE_NONE && range.expires > now)
      )
    })
  }

  /** Removes what has expired. Returns how many addresses went. */
  sweep(): number {
    const now = this.#now()
    const dead: Buffer[] = []
    for (const [key, value] of this.#learned.entries()) {
      if (decodeLearnedValue(value).every((range) => range.expires <= now)) dead.push(key)
    }
    return dead.length === 0 ? 0 : this.#learned.deleteBatch(Buffer.concat(dead), dead.length)
  }

  /** The addresses with a range that has not expired; for tests and diagnosis. */
  *entries(): Generator<{ address: Buffer; protocol: number; ranges: LearnedRange[] }> {
    for (const [key, value] of this.#learned.entries()) {
      yield { ...decodeLearnedKey(key), ranges: decodeLearnedValue(value) }
    }
  }

  close(): void {
    this.#learned.close()
    this.#names.close()
  }

  #write(
    address: Uint8Array,
    protocol: number,
    added: readonly LearnedRange[],
    now: bigint,
  ): boolean {
    const key = encodeLearnedKey(address, protocol)
    const known = this.#learned.get(key)
    const value = encodeLearnedValue(
      mergeRanges(known ? decodeLearnedValue(known) : [], added, now),
    )
    return (
      written(this.#learned, key, value) || (this.sweep() > 0 && written(this.#learned, key, value))
    )
  }

  /** Id of a name, new when need be; 0 when there is no room for one more. */
  #id(name: string): number {
    const known = this.#ids.get(name)
    if (known !== undefined) return known
    const id = this.#ids.size + 1
    if (!written(this.#names, encodeNameKey(id), encodeName(name))) return 0
    this.#ids.set(name, id)
    return id
  }
}

function numbersOf({ protocol }: NameGrant): readonly number[] {
  if (protocol === 'any') return [IPPROTO_TCP, IPPROTO_UDP]
  return [protocol === 'tcp' ? IPPROTO_TCP : IPPROTO_UDP]
}

/** The name behind an address that it does not grant. */
function knownOnly(name: number, expires: bigint): LearnedRange {
  return { expires, name, rule: RULE_NONE, portFrom: 0, portTo: 65_535 }
}

/** Whether the entry found room. */
function written(map: BpfMap, key: Uint8Array, value: Uint8Array): boolean {
  try {
    map.set(key, value)
    return true
  } catch (error) {
    if (error instanceof Error && 'errnoName' in error && error.errnoName === 'E2BIG') return false
    throw error
  }
}
