import { openMapById } from '@runwarden/libbpf'
import {
  decodeLearnedValue,
  encodeLearnedValue,
  type EnforceMapIds,
} from '../../src/enforce/maps.ts'

/** What all names led to runs out, as if its time had come. */
export function expireLearned(ids: EnforceMapIds): void {
  using map = openMapById(ids.learned)
  for (const [key, value] of map.entries()) {
    const ranges = decodeLearnedValue(value)
    for (const range of ranges) range.expires = 1n
    map.set(key, encodeLearnedValue(ranges))
  }
}
