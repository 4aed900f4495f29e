import { statSync } from 'node:fs'
import type { BpfMap, BpfObject } from '@runwarden/libbpf'
import type { CompiledNarrowings } from '@runwarden/policy'
import { encodeNumber } from './policy-entries.ts'

/** Bytes of a program's path in the kernel's trie. */
const PATH_BYTES = 256
export const PROGRAM_KEY_BYTES = 4 + PATH_BYTES
export const NARROWINGS_BYTES = 12

/** The names of the maps that say which programs fulfil a policy's narrowings, and which processes run them. */
export const NARROWING_MAPS = ['narrowings', 'program_fits', 'process_fits'] as const

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

export function encodeNarrowings(tag: number, mountNamespaces: readonly number[]): Buffer {
  const value = Buffer.alloc(NARROWINGS_BYTES)
  value.writeUInt32LE(tag, 0)
  for (const [index, namespace] of mountNamespaces.entries())
    value.writeUInt32LE(namespace, 4 + index * 4)
  return value
}

/** Bits of the lists that a program's key stands for: its own, and those of ends of its path. */
function bitsOf(key: Buffer, { programs }: CompiledNarrowings): bigint {
  let bits = 0n
  for (const [bit, list] of programs.entries()) {
    const fits = list.some((program) => {
      const other = encodeProgram(program)
      const size = other.readUInt32LE(0)
      return (
        size <= key.readUInt32LE(0) &&
        other.subarray(4, 4 + size / 8).equals(key.subarray(4, 4 + size / 8))
      )
    })
    if (fits) bits |= 1n << BigInt(bit)
  }
  return bits
}

const NONE: CompiledNarrowings = { tag: 0, programs: [] }

/** Which programs fulfil what lines are narrowed to, in the kernel: for the policy in force, and for the next one. */
export class NarrowingMaps {
  readonly #narrowings: BpfMap
  readonly #programs: BpfMap
  readonly #lists: [CompiledNarrowings, CompiledNarrowings] = [NONE, NONE]
  #current: 0 | 1 = 0

  constructor(object: BpfObject) {
    this.#narrowings = object.map('narrowings')
    this.#programs = object.map('program_fits')
  }

  /** From here on programs that start are held against these, too, besides those of the policy in force. */
  prepare(next: CompiledNarrowings): void {
    if (next.tag === 0 || this.#lists.some(({ tag }) => tag === next.tag)) return
    const slot = this.#current === 0 ? 1 : 0
    this.#lists[slot] = next
    this.#current = slot
    this.#narrowings.set(encodeNumber(slot), Buffer.alloc(NARROWINGS_BYTES))
    const stale = new Set(Array.from(this.#programs.entries(), ([key]) => key.toString('latin1')))
    for (const program of this.#lists.flatMap(({ programs }) => programs.flat())) {
      const key = encodeProgram(program)
      const value = Buffer.alloc(16)
      for (const [index, list] of this.#lists.entries())
        value.writeBigUInt64LE(bitsOf(key, list), index * 8)
      this.#programs.set(key, value)
      stale.delete(key.toString('latin1'))
    }
    for (const key of stale) this.#programs.delete(Buffer.from(key, 'latin1'))
    this.#narrowings.set(encodeNumber(slot), encodeNarrowings(next.tag, mountNamespaces()))
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
