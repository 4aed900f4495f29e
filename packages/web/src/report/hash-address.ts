import { useMemo, useSyncExternalStore } from 'react'
import type { Address } from '../job/address.ts'

const subscribe = (listener: () => void): (() => void) => {
  addEventListener('hashchange', listener)
  addEventListener('popstate', listener)
  return () => {
    removeEventListener('hashchange', listener)
    removeEventListener('popstate', listener)
  }
}

const paramsOf = (hash: string): URLSearchParams => new URLSearchParams(hash.slice(1))

function changed(hash: string, changes: Parameters<Address['set']>[0]): string {
  const next = paramsOf(hash)
  for (const [name, value] of Object.entries(changes))
    if (value === null) next.delete(name)
    else next.set(name, value)
  return `#${next.toString()}`
}

const set: Address['set'] = (changes, push = false) => {
  history[push ? 'pushState' : 'replaceState'](null, '', changed(location.hash, changes))
  dispatchEvent(new PopStateEvent('popstate'))
}

/** A file has no query of its own: what the page shows stands behind the `#`. */
export function useHashAddress(): Address {
  const hash = useSyncExternalStore(subscribe, () => location.hash)
  return useMemo(() => {
    const params = paramsOf(hash)
    return { get: (name) => params.get(name), set, href: (changes) => changed(hash, changes) }
  }, [hash])
}
