import { afterAll, expect, test } from 'vitest'
import { type Case, expectedOf } from '../../src/adversary/case.ts'
import { rows } from '../../src/adversary/cases/index.ts'
import {
  keepResults,
  measuredKernel,
  resultIn,
  resultOf,
} from '../../src/adversary/guest-results.ts'
import {
  attackInside,
  bootAttacked,
  type Chunk,
  type GuestOutcome,
} from '../../src/adversary/in-guest.ts'
import { casesFor } from '../../src/adversary/numbered.ts'
import type { KernelName, Vm } from '../../src/vm/index.ts'

/**
 * RUNWARDEN_ADVERSARY: `all` (hours), `missing` (those that no result is known of), or a pattern of ids.
 * RUNWARDEN_ADVERSARY_KERNEL: another kernel. RUNWARDEN_ADVERSARY_WRITE: what comes of them is what is held to be true
 * from now on (`scripts/test vm --write`).
 */
const asked = process.env['RUNWARDEN_ADVERSARY']
const kernel = (process.env['RUNWARDEN_ADVERSARY_KERNEL'] ?? measuredKernel) as KernelName
const writes = process.env['RUNWARDEN_ADVERSARY_WRITE'] !== undefined

/** What CI has time for under emulation: each layer once, and what tier T2 or the link layer makes better. */
const few: readonly Chunk[] = [
  { as: 'root', places: ['run'], ids: ['tamper-detach'] },
  {
    as: 'root',
    places: ['host'],
    ids: ['packet-frame', 'packet-bypass', 'tun-forwarded', 'uring-connect-4'],
  },
]

const places = ['run', 'host'] as const

const cases = new Map<string, Case>(
  rows.flatMap((row) => row.cases.map((one): [string, Case] => [one.id, one])),
)

/** Those that take protection away have an agent each. */
function chunksOf(pattern: string): Chunk[] {
  const wanted = new RegExp(pattern === 'all' || pattern === 'missing' ? '' : pattern)
  return (['user', 'root'] as const).flatMap((as) =>
    [false, true].flatMap((alone) => {
      const ids = casesFor(as, alone)
        .map(({ one }) => one.id)
        .filter((id) => wanted.test(id))
        .filter(
          (id) =>
            pattern !== 'missing' ||
            places.some((place) => resultIn(kernel, place, as, id) === undefined),
        )
      const size = alone ? 4 : 32
      return Array.from({ length: Math.ceil(ids.length / size) }, (_, at) => ({
        as,
        places,
        ids: ids.slice(at * size, (at + 1) * size),
      }))
    }),
  )
}

let vm: Vm | undefined
afterAll(() => vm?.[Symbol.asyncDispose]())

/** A guest that has not come to the end of a chunk is not used again. */
async function attack(chunk: Chunk): Promise<GuestOutcome[]> {
  vm ??= await bootAttacked(kernel)
  try {
    return await attackInside(vm, chunk)
  } catch (error) {
    const lost = vm
    vm = undefined
    await lost[Symbol.asyncDispose]()
    const what = `not run on ${kernel} by ${chunk.as}: ${chunk.ids.join(' ')}`
    throw new Error(`${what}\n${String(error)}`, { cause: error })
  }
}

/** Where the whole machine is the scope, the agent is inside, and LSM programs guard nothing. No fentry on arm64 before 6.4. */
function hasTier(found: GuestOutcome): boolean {
  if ('unable' in found || found.outcome.tier === null) return true
  const tier = found.place === 'host' ? 'T1' : 'T2'
  return found.outcome.tier === (kernel === '6.1-arm64' ? 'T0' : tier)
}

/** Whether it came out as when it was last tried there; or, when it never was, at least as at tier T0. */
function isWrong(as: Chunk['as'], found: GuestOutcome): boolean {
  const one = cases.get(found.id)
  if (one === undefined) return true
  const result = resultOf(found)
  const known = resultIn(kernel, found.place, as, found.id)
  const open = known === undefined || known === 'unproven'
  const mayHold = open || one.guests !== undefined || one[as]?.race === true
  if (result === 'held' && mayHold) return false
  return result !== (known ?? expectedOf(one, as))
}

test.each(asked === undefined ? few : chunksOf(asked))(
  `on ${kernel} attacks by $as in scopes of $places come out as the table says: $ids`,
  async (chunk) => {
    const outcomes = await attack(chunk)
    expect(outcomes.filter((found) => !hasTier(found))).toEqual([])
    if (writes) {
      keepResults(kernel, chunk.as, outcomes)
      // Nothing to compare with: whoever looks at what was not held needs all of it.
      for (const found of outcomes)
        if (resultOf(found) !== 'held') console.log(chunk.as, JSON.stringify(found))
    }
    expect(outcomes.filter((found) => isWrong(chunk.as, found))).toEqual([])
    expect(outcomes).toHaveLength(chunk.places.length * chunk.ids.length)
  },
  8_000_000,
)
