import { useMemo } from 'react'
import { useRouterAddress } from './router-address.ts'

export interface Filters<N extends string> {
  /** What the address says of each. */
  values: Readonly<Record<N, string | null>>
  /** Whether it says anything. */
  any: boolean
  set: (changes: Readonly<Partial<Record<N, string | null>>>) => void
  clear: () => void
}

/** A list's filters, which are kept in the page's address. @param names a constant: it must not change from one drawing to the next */
export function useFilters<N extends string>(names: readonly N[]): Filters<N> {
  const address = useRouterAddress()
  return useMemo(() => {
    const values = Object.fromEntries(names.map((name) => [name, address.get(name)])) as Record<
      N,
      string | null
    >
    return {
      values,
      any: names.some((name) => values[name] !== null),
      set: (changes) => address.set(changes as Record<string, string | null>),
      clear: () => address.set(Object.fromEntries(names.map((name) => [name, null]))),
    }
  }, [address, names])
}

/** One of these words, or null. */
export const oneOf = <T extends string>(all: readonly T[], value: string | null): T | null =>
  all.find((one) => one === value) ?? null

/** Of a question to the API: what is null is not asked. */
export const given = <T extends object>(
  query: T,
): { [K in keyof T]?: Exclude<T[K], null | undefined> } =>
  Object.fromEntries(
    Object.entries(query).filter(([, value]) => value !== null && value !== undefined),
  ) as { [K in keyof T]?: Exclude<T[K], null | undefined> }
