import { statSync } from 'node:fs'
import type { BpfMap, BpfObject } from '@runwarden/libbpf'
import type { CompiledNarrowings, Narrowing } from '@runwarden/policy'
import { encodeNumber } from './policy-entries.ts'

/** Bytes of a program's path in the kernel's trie. */
const PATH_BYTES = 256
export const PROGRAM_KEY_BYTES = 4 + PATH_BYTES
export const NARROWINGS_BYTES = 40
export const STEP_KEY_BYTES = 128

/** The names of the maps that say which programs and steps fulfil a policy's narrowings, and which processes do. */
export const NARROWING_MAPS = ['narrowings', 'program_fits', 'step_fits', 'process_fits'] as const

/**
 * A path as the kernel looks it up, from its end: `git\0bin\0usr\0`. A whole path ends with one NUL more, which a
 * longer one does not have there.
 */
export function encodeProgram(program: string): Buffer {
  const whole = !program.startsWith('**/')
  const parts = program.slice(whole ? 1 : 3).split('/')
  const text = Buffer.from(parts.toReversed().join('\0') + (whole ? '\0\0' : '\0'))
  const key = Buffer.alloc(PROGRAM_KEY_BYTES)
  key.writeUInt32LE(text.length * 8, 0)
  key.set(text, 4)
  return key
}

/** A step's id as the kernel looks it up. */
export function encodeStep(step: string): Buffer {
  const key = Buffer.alloc(STEP_KEY_BYTES)
  key.write(step, 0, STEP_KEY_BYTES - 1, 'utf8')
  return key
}

/** @param fallback the step of what is in none */
export function encodeNarrowings(
  narrowings: CompiledNarrowings,
  mountNamespaces: readonly number[],
  fallback: string,
): Buffer {
  const value = Buffer.alloc(NARROWINGS_BYTES)
  const { tag, list } = narrowings
  value.writeUInt32LE(tag, 0)
  value.writeUInt32LE(Number(list.some(({ steps }) => steps.length > 0)), 4)
  for (const [index, namespace] of mountNamespaces.entries())
    value.writeUInt32LE(namespace, 8 + index * 4)
  const bits = [
    bitsOf(narrowings, ({ programs }) => programs.length === 0),
    bitsOf(narrowings, ({ steps }) => steps.length === 0),
    bitsOf(narrowings, ({ steps }) => steps.includes(fallback)),
  ]
  for (const [index, one] of bits.entries()) value.writeBigUInt64LE(one, 16 + index * 8)
  return value
}

/** Bits of the narrowings that something fulfils. */
function bitsOf({ list }: CompiledNarrowings, fulfils: (one: Narrowing) => boolean): bigint {
  return list.reduce((bits, one, bit) => (fulfils(one) ? bits | (1n << BigInt(bit)) : bits), 0n)
}

/** Whether a program's key stands for one of these: for itself, or for an end of its path. */
function isOneOf(key: Buffer, programs: readonly string[]): boolean {
  return programs.some((program) => {
    const other = encodeProgram(program)
    const size = other.readUInt32LE(0)
    return (
      size <= key.readUInt32LE(0) &&
      other.subarray(4, 4 + size / 8).equals(key.subarray(4, 4 + size / 8))
    )
  })
}

const NONE: CompiledNarrowings = { tag: 0, list: [] }

/** Which programs and steps fulfil what lines are narrowed to, in the kernel: for the policy in force, and for the next one. */
export class NarrowingMaps {
  readonly #narrowings: BpfMap
  readonly #programs: BpfMap
  readonly #steps: BpfMap
  readonly #fallback: string
  readonly #lists: [CompiledNarrowings, CompiledNarrowings] = [NONE, NONE]
  #current: 0 | 1 = 0

  /** @param fallback the step of what is in none */
  constructor(object: BpfObject, fallback: string) {
    this.#narrowings = object.map('narrowings')
    this.#programs = object.map('program_fits')
    this.#steps = object.map('step_fits')
    this.#fallback = fallback
  }

  /** From here on programs and steps that start are held against these, too, besides those of the policy in force. */
  prepare(next: CompiledNarrowings): void {
    if (next.tag === 0) return
    const known = this.#lists.findIndex(({ tag }) => tag === next.tag)
    if (known >= 0) {
      this.#current = known === 0 ? 0 : 1
      return
    }
    const slot = this.#current === 0 ? 1 : 0
    this.#lists[slot] = next
    this.#current = slot
    this.#narrowings.set(encodeNumber(slot), Buffer.alloc(NARROWINGS_BYTES))
    const all = this.#lists.flatMap(({ list }) => list)
    this.#replace(
      this.#programs,
      all.flatMap(({ programs }) => programs.map(encodeProgram)),
      (key, { programs }) => isOneOf(key, programs),
    )
    this.#replace(
      this.#steps,
      all.flatMap(({ steps }) => steps.map(encodeStep)),
      (key, { steps }) => steps.some((step) => encodeStep(step).equals(key)),
    )
    const value = encodeNarrowings(next, mountNamespaces(), this.#fallback)
    this.#narrowings.set(encodeNumber(slot), value)
  }

  /** Writes what each key fulfils of both policies, and removes the others. */
  #replace(
    map: BpfMap,
    keys: readonly Buffer[],
    fulfils: (key: Buffer, one: Narrowing) => boolean,
  ): void {
    const stale = new Set(Array.from(map.entries(), ([key]) => key.toString('latin1')))
    for (const key of keys) {
      const value = Buffer.alloc(16)
      for (const [index, list] of this.#lists.entries())
        value.writeBigUInt64LE(
          bitsOf(list, (one) => fulfils(key, one)),
          index * 8,
        )
      map.set(key, value)
      stale.delete(key.toString('latin1'))
    }
    for (const key of stale) map.delete(Buffer.from(key, 'latin1'))
  }
}

/** Where a path is the one that the policy means: for this process, and for the machine's first, where that can be told. */
function mountNamespaces(): number[] {
  const own = statSync('/proc/self/ns/mnt').ino
  try {
    return [own, statSync('/proc/1/ns/mnt').ino]
  } catch {
    return [own]
  }
}
