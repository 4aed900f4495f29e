import { readFileSync, writeFileSync } from 'node:fs'
import { type KernelName, everyKernel } from '../vm/index.ts'
import { type Attacker, attackersOf, type Result } from './case.ts'
import { rows } from './cases/index.ts'
import type { GuestOutcome } from './in-guest.ts'

/** Where a job is attacked: in a scope of `runwarden run`, or in one of `runwarden agent` that is the whole machine. */
export type Place = 'run' | 'host'

/**
 * `unproven`: nothing came of it without Runwarden either, it did not come to its end in time, or its legitimate twin did
 * not arrive.
 */
export type GuestResult = Result | 'unproven'

/** What came of techniques, by their ids; and the tier that the reports told of. */
type Found = { tier: string } & Record<Attacker, Record<string, GuestResult>>
type Results = Partial<Record<KernelName, Partial<Record<Place, Found>>>>

/** The kernel whose results the table's columns show. */
export const measuredKernel: KernelName = '6.12-amd64'

const file = new URL('guest-results.json', import.meta.url)
const results = JSON.parse(readFileSync(file, 'utf8')) as Results

/** What came of a technique in a guest when it was last tried there; undefined: it never was. */
export function resultIn(
  kernel: KernelName,
  place: Place,
  as: Attacker,
  id: string,
): GuestResult | undefined {
  return results[kernel]?.[place]?.[as][id]
}

/** The tier that reports there told of. */
export function tierIn(kernel: KernelName, place: Place): string {
  return results[kernel]?.[place]?.tier ?? 'none'
}

/** The kernels that anything was tried on. */
export function kernelsTried(): KernelName[] {
  return everyKernel.filter((kernel) => results[kernel] !== undefined)
}

export function resultOf(found: GuestOutcome): GuestResult {
  if ('unable' in found) return 'unproven'
  const { result, attempt, twin } = found.outcome
  return (attempt.hangs && result === 'held') || twin?.arrived.length === 0 ? 'unproven' : result
}

/** Writes down what came of these, beside what is known of others. */
export function keepResults(
  kernel: KernelName,
  as: Attacker,
  outcomes: readonly GuestOutcome[],
): void {
  const ids = rows.flatMap(({ cases }) => cases.filter((one) => attackersOf(one).includes(as)))
  for (const found of outcomes) {
    const byPlace = (results[kernel] ??= {})
    const known = (byPlace[found.place] ??= { tier: 'none', user: {}, root: {} })
    if ('outcome' in found && found.outcome.tier !== null) known.tier = found.outcome.tier
    const all = { ...known[as], [found.id]: resultOf(found) }
    // In the order of the cases, so that a run changes those lines alone that came out otherwise.
    known[as] = Object.fromEntries(
      ids.flatMap(({ id }) => (all[id] === undefined ? [] : [[id, all[id]]])),
    )
  }
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`)
}
