import { bootClock, type ExecRecord } from '@runwarden/sensor'
import { tickMs } from './contract.ts'

/**
 * Whether a program's file was changed in the moment before it was started: what is written to it afterwards in that moment leaves its
 * ctime as it is, so that by its ctime nobody can tell what was started.
 */
export function isYoung({ time, changed }: Pick<ExecRecord, 'time' | 'changed'>): boolean {
  return bootClock.toEpoch(time) - Number(changed) / 1e6 < tickMs
}
