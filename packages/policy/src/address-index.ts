import { maskAddress } from './address.ts'
import { addNumbers, type Numbers, push } from './name-index.ts'

/** Which numbers belong to an address: per prefix length in use, one map. Plain data. */
export interface AddressIndex {
  /** Prefix length (0..128) → bytes of the block as a latin-1 string → numbers. */
  readonly byPrefix: Map<number, Map<string, Numbers>>
}

export function emptyAddressIndex(): AddressIndex {
  return { byPrefix: new Map() }
}

/** @param bytes of the block, as bytesOf gives them */
export function addAddress(
  index: AddressIndex,
  bytes: string,
  prefix: number,
  number: number,
): void {
  let blocks = index.byPrefix.get(prefix)
  if (blocks === undefined) index.byPrefix.set(prefix, (blocks = new Map()))
  push(blocks, bytes, number)
}

/** Every number whose block holds the address (16 bytes, IPv4 mapped), in the order they were added. */
export function lookUpAddress(index: AddressIndex, address: Uint8Array): number[] {
  const found: number[] = []
  for (const [prefix, blocks] of index.byPrefix) {
    addNumbers(found, blocks.get(bytesOf(maskAddress(address, prefix))))
  }
  return found.sort((a, b) => a - b)
}

/** The bytes of an address as a latin-1 string: of thousands of arrays each would be a large object, here and in the thread they are posted to. */
export function bytesOf(address: Uint8Array): string {
  return Reflect.apply(String.fromCharCode, null, address)
}
