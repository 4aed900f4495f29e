import { createContext, use, useCallback } from 'react'

/** What the page's address says: the tab, filters, the selected process. */
export interface Address {
  get: (name: string) => string | null
  /** Several at once; null takes one away. `push`: the browser's Back undoes it. */
  set: (changes: Readonly<Record<string, string | null>>, push?: boolean) => void
  /** For a link that changes these. */
  href: (changes: Readonly<Record<string, string | null>>) => string
}

export const AddressContext = createContext<Address | null>(null)

export function useAddress(): Address {
  const address = use(AddressContext)
  if (address === null) throw new Error('A part of the job page stands outside of it')
  return address
}

/** One value of the address; `only`: what it may be, anything else is null. */
export function useAddressed<T extends string>(
  name: string,
  only?: readonly T[],
): [T | null, (value: T | null) => void] {
  const { get, set } = useAddress()
  const value = get(name)
  const known =
    only === undefined ? (value as T | null) : (only.find((one) => one === value) ?? null)
  return [known, useCallback((next) => set({ [name]: next }), [set, name])]
}
