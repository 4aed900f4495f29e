import { randomInt } from 'node:crypto'
import type { CompiledPolicy } from '@runwarden/policy'
import { EntryList } from './entry-list.ts'

/** The kernel side is bpf/include/blocked_names.h. */
const MODULUS = 0x7fff_ffff

/** Set in the hash of what stands for the names under it. */
const UNDER = 1n << 63n

/** Two keys of the hash, drawn anew for each enforcer: nobody can look for names that meet. */
export function drawHashKeys(): [number, number] {
  return [randomInt(1 << 16, MODULUS), randomInt(1 << 16, MODULUS)]
}

function multiply(a: number, b: number): number {
  return (((Math.floor(a / 65536) * b) % MODULUS) * 65536 + (a % 65536) * b) % MODULUS
}

/** Polynomial over the bytes of a name, its last byte first, so that a suffix is a step on the way. */
function hash(name: string, key: number): number {
  let value = 0
  for (let i = name.length - 1; i >= 0; i--) {
    value = (multiply(value, key) + name.charCodeAt(i) + 1) % MODULUS
  }
  return value
}

/** Map entries for the names of a block list: those that are listed, and what all names under are listed of. */
export function blockedNames(
  policy: CompiledPolicy,
  [first, second]: readonly [number, number],
): EntryList {
  const entries = new EntryList(8, 4)
  const key = Buffer.alloc(8)
  const add = (name: string, numbers: number | readonly number[], bits: bigint): void => {
    key.writeBigUInt64LE(bits | (BigInt(hash(name, first)) << 31n) | BigInt(hash(name, second)))
    entries.add(key, typeof numbers === 'number' ? numbers : (numbers[0] ?? 0))
  }
  const { exact, under } = policy.index.blockedNames
  for (const [name, numbers] of exact) add(name, numbers, 0n)
  for (const [name, numbers] of under) add(name, numbers, UNDER)
  return entries
}
