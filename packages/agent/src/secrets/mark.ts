import { createHmac } from 'node:crypto'

/**
 * What may be told of a secret: equal for equal secrets of one run.
 * @param key of the run, which is never stored
 */
export function markOf(value: string | Uint8Array, key: Uint8Array): string {
  return createHmac('sha256', key).update(value).digest('hex').slice(0, 32)
}
