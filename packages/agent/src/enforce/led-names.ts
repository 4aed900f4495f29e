import type { BpfMap } from '@runwarden/libbpf'
import { decodeName, encodeName, encodeNameKey } from './maps.ts'
import {
  decodeLed,
  decodeLedKey,
  encodeLed,
  encodeLedKey,
  encodeNameText,
  type Led,
  ALL_NAMES,
  NAME_FORGOTTEN,
  NAME_RANGES,
  NAME_SHARED,
  type NameRange,
} from './name-maps.ts'
import { intersection, union } from './name-ranges.ts'
import { written } from './written.ts'

/** Connections that are just being made say their name after the answer's time. */
const GRACE = 60_000_000_000n

/** Looking for names that lead nowhere any more goes through all of them: not more often than this. */
const FORGET_INTERVAL = 10_000_000_000n

/** The names that led to addresses, as the kernel holds connections to them. One writer at a time. */
export class LedNames {
  readonly #names: BpfMap
  readonly #nameIds: BpfMap
  readonly #led: BpfMap
  readonly #now: () => bigint
  readonly #ids = new Map<string, number>()
  readonly #texts = new Map<number, string>()
  /** Of a name that was asked: the names of the last answer's chain. */
  readonly #aliases = new Map<number, ReadonlySet<number>>()
  #lastId = 0
  #forgotten = 0n

  constructor(maps: { names: BpfMap; nameIds: BpfMap; led: BpfMap }, now: () => bigint) {
    this.#names = maps.names
    this.#nameIds = maps.nameIds
    this.#led = maps.led
    this.#now = now
    // Names of an earlier agent keep their numbers.
    for (const [key, value] of maps.names.entries())
      this.#keep(decodeName(value), key.readUInt32LE())
  }

  /** Id of a name, new when need be; 0 when there is no room for one more. */
  id(name: string): number {
    const known = this.#ids.get(name)
    if (known !== undefined) return known
    const id = this.#lastId + 1
    const add = (): boolean => written(this.#names, encodeNameKey(id), encodeName(name))
    if (!add() && !(this.#forget() && add())) return 0
    const text = encodeNameText(name)
    if (text !== null && !written(this.#nameIds, text, encodeNameKey(id))) {
      this.#names.delete(encodeNameKey(id))
      return 0
    }
    this.#keep(name, id)
    return id
  }

  text(id: number): string | undefined {
    return this.#texts.get(id)
  }

  /**
   * Notes that a name led to an address, by way of its aliases: connections to it may say each of them.
   * @returns false when there is no room for all: connections that say what is left out are refused
   */
  add(
    id: number,
    address: Uint8Array,
    expires: bigint,
    ranges: NameRange[],
    aliases: number[],
  ): boolean {
    this.#aliases.set(id, new Set(aliases))
    let kept =
      this.#join(address, id, { expires, asked: id, ranges }) && ranges.length <= NAME_RANGES
    for (const alias of aliases)
      kept = this.#join(address, alias, { expires, asked: id, ranges }) && kept
    const all = this.#get(address, ALL_NAMES)
    const asked = this.#onlyName(all?.asked, id, aliases)
    const until = all !== undefined && all.expires > expires ? all.expires : expires
    const common = all === undefined || all.asked === id ? ranges : intersection(all.ranges, ranges)
    return this.#set(address, ALL_NAMES, { expires: until, asked, ranges: common }) && kept
  }

  /** Notes that a name which policy does not allow leads to an address as well. */
  share(address: Uint8Array, expires: bigint): void {
    this.#set(address, ALL_NAMES, { expires, asked: NAME_FORGOTTEN, ranges: [] })
  }

  /** Gives every name that leads somewhere the ports of another policy, by the name that was asked. */
  relearn(ranges: (asked: string, address: Buffer) => NameRange[]): void {
    const common = new Map<string, NameRange[]>()
    const wholes: [key: Buffer, address: Buffer, led: Led][] = []
    for (const [key, value] of this.#led.entries()) {
      const { address, name } = decodeLedKey(key)
      const led = decodeLed(value)
      if (name === ALL_NAMES) {
        wholes.push([key, address, led])
        continue
      }
      const text = this.#texts.get(led.asked)
      if (text === undefined) continue
      const own = ranges(text, address)
      this.#led.set(key, encodeLed({ ...led, ranges: own }))
      if (name !== led.asked) continue
      const known = common.get(address.toString('latin1'))
      common.set(address.toString('latin1'), known === undefined ? own : intersection(known, own))
    }
    for (const [key, address, led] of wholes) {
      // What the policy allows a forgotten name for cannot be told.
      const own = led.asked === NAME_FORGOTTEN ? [] : common.get(address.toString('latin1'))
      this.#led.set(key, encodeLed({ ...led, ranges: own ?? [] }))
    }
  }

  /** The names that were asked and led to an address. */
  *asked(): Generator<{ address: Buffer; name: string; id: number; expires: bigint }> {
    for (const [key, value] of this.#led.entries()) {
      const { address, name: id } = decodeLedKey(key)
      const { asked, expires } = decodeLed(value)
      const name = this.#texts.get(id)
      if (id === asked && name !== undefined) yield { address, name, id, expires }
    }
  }

  /** Removes what has expired; what all names of an address have in common is known as long as there is room. */
  sweep(forRoom = false): number {
    const now = this.#now()
    const dead: Buffer[] = []
    for (const [key, value] of this.#led.entries()) {
      const { expires, asked } = decodeLed(value)
      const { address, name } = decodeLedKey(key)
      if (expires + (forRoom ? 0n : GRACE) > now || (!forRoom && name === ALL_NAMES)) continue
      dead.push(key)
      if (name !== asked) continue
      const all = this.#get(address, ALL_NAMES)
      if (all?.asked === NAME_SHARED)
        this.#led.set(
          encodeLedKey(address, ALL_NAMES),
          encodeLed({ ...all, asked: NAME_FORGOTTEN }),
        )
    }
    return dead.length === 0 ? 0 : this.#led.deleteBatch(Buffer.concat(dead), dead.length)
  }

  close(): void {
    for (const map of [this.#names, this.#nameIds, this.#led]) map.close()
  }

  /** A name's alias is no other name: then the one that it leads to stays the only one. */
  #onlyName(known: number | undefined, id: number, aliases: readonly number[]): number {
    if (known === undefined || known === id) return id
    if (known === NAME_FORGOTTEN || aliases.includes(known)) return known
    return this.#aliases.get(known)?.has(id) ? id : NAME_SHARED
  }

  /** What a name may be used for as itself, and as an alias of others, in whatever order they are asked. */
  #join(address: Uint8Array, name: number, led: Led): boolean {
    const before = this.#get(address, name)
    if (before === undefined || before.expires <= this.#now()) return this.#set(address, name, led)
    return this.#set(address, name, {
      expires: before.expires > led.expires ? before.expires : led.expires,
      asked: before.asked === name ? name : led.asked,
      ranges: union(led.ranges, before.ranges),
    })
  }

  #get(address: Uint8Array, name: number): Led | undefined {
    const value = this.#led.get(encodeLedKey(address, name))
    return value === undefined ? undefined : decodeLed(value)
  }

  #set(address: Uint8Array, name: number, led: Led): boolean {
    const key = encodeLedKey(address, name)
    const value = encodeLed(led)
    return (
      written(this.#led, key, value) || (this.sweep(true) > 0 && written(this.#led, key, value))
    )
  }

  /** Forgets names that lead nowhere any more. True: there is room again. */
  #forget(): boolean {
    const now = this.#now()
    if (now - this.#forgotten < FORGET_INTERVAL) return false
    this.#forgotten = now
    this.sweep(true)
    const leading = new Set<number>()
    for (const [key, value] of this.#led.entries()) {
      leading.add(decodeLedKey(key).name).add(decodeLed(value).asked)
    }
    let room = false
    for (const [name, id] of this.#ids) {
      if (leading.has(id)) continue
      const text = encodeNameText(name)
      if (text !== null) this.#nameIds.delete(text)
      this.#names.delete(encodeNameKey(id))
      this.#ids.delete(name)
      this.#texts.delete(id)
      this.#aliases.delete(id)
      room = true
    }
    return room
  }

  #keep(name: string, id: number): void {
    this.#ids.set(name, id)
    this.#texts.set(id, name)
    this.#lastId = Math.max(this.#lastId, id)
  }
}
