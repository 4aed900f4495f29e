import { isDeepStrictEqual } from 'node:util'
import { RunnerError } from './error.ts'
import { type Contexts, evaluate, Expression, mapping, type Value } from './expression.ts'
import type { Leg } from './plan.ts'

type Combination = Record<string, unknown>

/** Legs of a job, and how they go together. */
export interface Legs {
  legs: Leg[]
  failFast: boolean
  maxParallel: number
}

/** GitHub's own limit. */
const LEGS_MAX = 256

/**
 * Expands `strategy.matrix`, as GitHub documents it.
 * @throws RunnerError when a job has none, or too many legs
 */
export function legsOf(strategy: Value | undefined, contexts: Contexts): Legs {
  if (strategy === undefined || strategy === null)
    return { legs: [{ matrix: null, strategy: {} }], failFast: true, maxParallel: 1 }
  const known = plain(strategy, contexts) as Record<string, unknown>
  const combinations = combine((known['matrix'] ?? {}) as Record<string, unknown>)
  if (combinations.length === 0) throw new RunnerError('the matrix has no combination')
  if (combinations.length > LEGS_MAX)
    throw new RunnerError(
      `the matrix has ${combinations.length} combinations: GitHub takes ${LEGS_MAX}`,
    )
  const failFast = known['fail-fast'] !== false
  const maxParallel = Number(known['max-parallel'] ?? combinations.length)
  return {
    failFast,
    maxParallel,
    legs: combinations.map((matrix, index) => ({
      matrix,
      strategy: {
        'fail-fast': failFast,
        'job-index': index,
        'job-total': combinations.length,
        'max-parallel': maxParallel,
      },
    })),
  }
}

function combine({ include, exclude, ...axes }: Record<string, unknown>): Combination[] {
  let all: Combination[] = Object.keys(axes).length === 0 ? [] : [{}]
  for (const [name, values] of Object.entries(axes))
    all = all.flatMap((one) =>
      (values as unknown[]).map((value) => Object.assign({}, one, { [name]: value })),
    )
  for (const left of (exclude ?? []) as Combination[])
    all = all.filter((one) => !Object.entries(left).every(([key, value]) => same(one[key], value)))
  const whole = [...all]
  for (const more of (include ?? []) as Combination[]) {
    // It extends each combination of which it changes no value of an axis; where there is none, it is one of its own.
    const extended = whole.filter((one) =>
      Object.entries(more).every(([key, value]) => !(key in axes) || same(one[key], value)),
    )
    for (const one of extended) Object.assign(one, more)
    if (extended.length === 0) all.push({ ...more })
  }
  return all
}

/** Also of what is named in part: an object of an exclude needs only the keys that matter. */
function same(value: unknown, wanted: unknown): boolean {
  if (typeof wanted !== 'object' || wanted === null || typeof value !== 'object' || value === null)
    return value === wanted
  if (Array.isArray(wanted)) return isDeepStrictEqual(value, wanted)
  return Object.entries(wanted).every(([key, one]) =>
    same((value as Record<string, unknown>)[key], one),
  )
}

/** A value with its expressions evaluated. */
export function plain(value: Value, contexts: Contexts): unknown {
  if (value instanceof Expression) return evaluate(value.text, contexts, 'success')
  if (Array.isArray(value)) return value.map((one) => plain(one, contexts))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(mapping(value)).map(([key, one]) => [key, plain(one, contexts)]),
  )
}
