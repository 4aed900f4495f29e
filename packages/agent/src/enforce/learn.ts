import { uptime } from 'node:os'
import { type BpfMap, openMapById } from '@runwarden/libbpf'
import type { Learner, NameGrant } from '../dns/contract.ts'
import { LedNames } from './led-names.ts'
import {
  decodeLearnedKey,
  decodeLearnedValue,
  encodeLearnedKey,
  encodeLearnedValue,
  type EnforceMapIds,
  IPPROTO_TCP,
  IPPROTO_UDP,
  LEARNED_RANGES,
  type LearnedRange,
  RULE_NONE,
} from './maps.ts'
import type { NameRange } from './name-maps.ts'
import { written } from './written.ts'

/** Now, CLOCK_BOOTTIME in ns, as precise as /proc/uptime. */
export function bootTime(): bigint {
  return BigInt(Math.round(uptime() * 1e9))
}

/**
 * What grants goes first; of that what wants no look at names, then what is for everybody, then what lives longest. The
 * first that fits decides, and of too many the last are left out.
 */
function byWorth(a: LearnedRange, b: LearnedRange): number {
  return (
    Number(b.rule !== RULE_NONE) - Number(a.rule !== RULE_NONE) ||
    Number(b.unchecked) - Number(a.unchecked) ||
    Number(a.narrowing > 0) - Number(b.narrowing > 0) ||
    Number(b.expires - a.expires > 0n) - Number(b.expires - a.expires < 0n)
  )
}

/**
 * Adds ranges to those of an address: of the same ports for the same programs the one that lives longest stays, what
 * has expired goes, and of more than LEARNED_RANGES the ones worth most stay.
 */
export function mergeRanges(
  known: readonly LearnedRange[],
  added: readonly LearnedRange[],
  now: bigint,
): LearnedRange[] {
  const ranges = new Map<string, LearnedRange>()
  for (const range of [...known, ...added]) {
    if (range.expires <= now) continue
    const { rule, unchecked, narrowing, portFrom, portTo } = range
    const key = `${rule === RULE_NONE} ${unchecked} ${narrowing} ${portFrom} ${portTo}`
    const before = ranges.get(key)
    if (before === undefined || before.expires < range.expires) ranges.set(key, range)
  }
  return [...ranges.values()].sort(byWorth).slice(0, LEARNED_RANGES)
}

/** The maps of an enforcer that learned addresses are kept in. */
export interface LearnedMaps {
  learned: BpfMap
  names: BpfMap
  nameIds: BpfMap
  led: BpfMap
}

/** Learned addresses, as the DNS thread writes them. One writer at a time. */
export class LearnedAddresses implements Learner {
  readonly #learned: BpfMap
  readonly #led: LedNames
  readonly #now: () => bigint

  constructor(maps: LearnedMaps, now = bootTime) {
    this.#learned = maps.learned
    this.#now = now
    this.#led = new LedNames(maps, now)
  }

  /** Opens the maps of an enforcer, from any thread. */
  static open(ids: EnforceMapIds, now = bootTime): LearnedAddresses {
    const maps = {
      learned: openMapById(ids.learned),
      names: openMapById(ids.names),
      nameIds: openMapById(ids.nameIds),
      led: openMapById(ids.led),
    }
    return new LearnedAddresses(maps, now)
  }

  /**
   * Lets connections to an address pass that a name led to, and that say this name or one of its aliases. In force when
   * it returns.
   * @param ttl seconds
   * @param grants what the name may be used for; empty: the name is only kept for the reports
   * @param aliases the other names of the answer's chain
   * @returns false when the kernel has no room for all of it: connections that only the rest allows stay denied
   */
  learn(
    name: string,
    address: Uint8Array,
    ttl: number,
    grants: readonly NameGrant[],
    aliases: readonly string[] = [],
  ): boolean {
    const now = this.#now()
    // The answer has yet to travel to its reader, and the reader to connect.
    const expires = expiryOf(now, ttl)
    const id = this.#led.id(name)
    if (id === 0) return false
    const others = aliases.map((alias) => this.#led.id(alias)).filter((other) => other !== 0)
    let kept = this.#led.add(id, address, expires, nameRanges(grants), others)
    for (const protocol of [IPPROTO_TCP, IPPROTO_UDP]) {
      const ranges = learnedRanges(grants, protocol, id, expires)
      if (ranges.length > 0) kept = this.#write(address, protocol, ranges, now) && kept
    }
    return kept
  }

  /** Notes that a name which policy does not allow led to an address: it has others besides. */
  share(address: Uint8Array, ttl: number): void {
    this.#led.share(address, expiryOf(this.#now(), ttl))
  }

  /**
   * Puts what was learned under another policy: names that it does not allow grant no more.
   * @param grants what the policy allows a name to be used for at an address
   */
  relearn(grants: (name: string, address: Buffer) => readonly NameGrant[]): void {
    const now = this.#now()
    this.#led.relearn((name, address) => nameRanges(grants(name, address)))
    const renewed = new Map<string, LearnedRange[]>()
    for (const { address, name, id, expires } of this.#led.asked()) {
      const own = grants(name, address)
      for (const protocol of [IPPROTO_TCP, IPPROTO_UDP]) {
        const key = encodeLearnedKey(address, protocol).toString('latin1')
        const ranges = learnedRanges(own, protocol, id, expires)
        renewed.set(key, mergeRanges(renewed.get(key) ?? [], ranges, now))
      }
    }
    for (const [key] of this.#learned.entries()) {
      const ranges = renewed.get(key.toString('latin1')) ?? []
      this.#learned.set(key, encodeLearnedValue(ranges))
      renewed.delete(key.toString('latin1'))
    }
    // A protocol that the old policy did not allow.
    for (const [key, ranges] of renewed) {
      if (ranges.some(({ rule }) => rule !== RULE_NONE))
        written(this.#learned, Buffer.from(key, 'latin1'), encodeLearnedValue(ranges))
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
    this.#led.sweep()
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
    this.#led.close()
  }

  #write(
    address: Uint8Array,
    protocol: number,
    added: readonly LearnedRange[],
    now: bigint,
  ): boolean {
    const key = encodeLearnedKey(address, protocol)
    const known = this.#learned.get(key)
    const ranges = mergeRanges(known ? decodeLearnedValue(known) : [], added, now)
    const value = encodeLearnedValue(ranges)
    const kept =
      written(this.#learned, key, value) || (this.sweep() > 0 && written(this.#learned, key, value))
    const granting = added.filter(({ rule }) => rule !== RULE_NONE)
    return kept && granting.every((range) => ranges.some((other) => standsFor(other, range)))
  }
}

/** Whether what is granted by a range is granted by the other, at least as long. */
function standsFor(other: LearnedRange, range: LearnedRange): boolean {
  return (
    other.rule !== RULE_NONE &&
    other.expires >= range.expires &&
    other.unchecked === range.unchecked &&
    other.narrowing === range.narrowing &&
    other.portFrom === range.portFrom &&
    other.portTo === range.portTo
  )
}

function expiryOf(now: bigint, ttl: number): bigint {
  return now + BigInt(Math.ceil(Math.max(ttl, 1) * 1e9))
}

function numbersOf({ protocol }: NameGrant): readonly number[] {
  if (protocol === 'any') return [IPPROTO_TCP, IPPROTO_UDP]
  return [protocol === 'tcp' ? IPPROTO_TCP : IPPROTO_UDP]
}

/** The ports that a name grants over TCP, where connections are held to it. */
function nameRanges(grants: readonly NameGrant[]): NameRange[] {
  const ranges = new Map<string, NameRange>()
  for (const grant of grants.filter((one) => numbersOf(one).includes(IPPROTO_TCP))) {
    const { rule, portFrom, portTo, narrowing = 0 } = grant
    // There is room for few: lines that are alike take one place.
    const key = `${portFrom} ${portTo} ${narrowing}`
    if (!ranges.has(key)) ranges.set(key, { rule, portFrom, portTo, narrowing })
  }
  return [...ranges.values()].toSorted((a, b) => Number(a.narrowing > 0) - Number(b.narrowing > 0))
}

/** What an address holds of a name; the name alone when it grants nothing. */
function learnedRanges(
  grants: readonly NameGrant[],
  protocol: number,
  name: number,
  expires: bigint,
): LearnedRange[] {
  if (grants.length === 0) {
    const known = { rule: RULE_NONE, portFrom: 0, portTo: 65_535, unchecked: false, narrowing: 0 }
    return [{ expires, name, ...known }]
  }
  return grants
    .filter((grant) => numbersOf(grant).includes(protocol))
    .map(({ portFrom, portTo, rule, unchecked = false, narrowing = 0 }) => ({
      expires,
      name,
      rule,
      portFrom,
      portTo,
      unchecked,
      narrowing,
    }))
}
