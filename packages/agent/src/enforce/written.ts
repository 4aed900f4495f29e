import type { BpfMap } from '@runwarden/libbpf'

/** Sets an entry of a map; whether it found room. */
export function written(map: BpfMap, key: Uint8Array, value: Uint8Array): boolean {
  try {
    map.set(key, value)
    return true
  } catch (error) {
    if (error instanceof Error && 'errnoName' in error && error.errnoName === 'E2BIG') return false
    throw error
  }
}
