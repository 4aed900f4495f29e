import { randomInt } from 'node:crypto'
import { type CompiledPolicy, hostWithPort, httpsLinesOf } from '@runwarden/policy'
import { EntryList } from './entry-list.ts'

/** The kernel side is bpf/include/blocked_names.h. */
const MODULUS = 0x7fff_ffff

/** What the hash of a name of an HTTPS rule begins with: NAMES_OF_HTTPS. */
const HTTPS = 1 << 16

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
function hash(name: string, key: number, list: number): number {
  let value = list
  for (let i = name.length - 1; i >= 0; i--) {
    value = (multiply(value, key) + name.charCodeAt(i) + 1) % MODULUS
  }
  return value
}

/** Map entries for the names of a block list: those that are listed, and what all names under are listed of. */
export function blockedNames(
  policy: CompiledPolicy,
  hashKeys: readonly [number, number],
): EntryList {
  const entries = new EntryList(8, 4)
  const add = (name: string, numbers: number | readonly number[], bits: bigint): void =>
    entries.add(
      encodeKey(name, hashKeys, 0, bits),
      typeof numbers === 'number' ? numbers : (numbers[0] ?? 0),
    )
  const { exact, under } = policy.index.blockedNames
  for (const [name, numbers] of exact) add(name, numbers, 0n)
  for (const [name, numbers] of under) add(name, numbers, UNDER)
  return entries
}

/**
 * The same for the names of HTTPS rules, on the port of each: the rule that decides about TLS which is not seen. A wildcard within a
 * label stands for all names under its other labels.
 */
export function httpsNames(policy: CompiledPolicy, hashKeys: readonly [number, number]): EntryList {
  const entries = new EntryList(8, 4)
  const { index, lines, unseenFrom } = policy.https
  const added = new Set<string>()
  const add = (name: string, numbers: readonly number[], bits: bigint): void => {
    for (const { port, rule } of numbers.flatMap((i) => lines[i] ?? [])) {
      const one = `${bits} ${name}:${port}`
      if (added.has(one)) continue
      added.add(one)
      const text = hostWithPort(bits === 0n ? name : `*.${name}`, port)
      const own = httpsLinesOf(policy, text).map((line) => line.rule)
      const decides = own.find((one) => one >= unseenFrom) ?? own[0] ?? rule
      entries.add(encodeKey(name, hashKeys, HTTPS | port, bits), decides)
    }
  }
  for (const [name, numbers] of index.exact) add(name, [numbers].flat(), 0n)
  for (const [name, numbers] of index.under) add(name, [numbers].flat(), UNDER)
  for (const [name, heads] of index.inside)
    for (const list of heads.values()) for (const { numbers } of list) add(name, numbers, UNDER)
  return entries
}

function encodeKey(
  name: string,
  [first, second]: readonly [number, number],
  list: number,
  bits: bigint,
): Buffer {
  const key = Buffer.alloc(8)
  const one = BigInt(hash(name, first, list))
  key.writeBigUInt64LE(bits | (one << 31n) | BigInt(hash(name, second, list)))
  return key
}
