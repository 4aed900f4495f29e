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

/** A file has no query of its own: what the page shows stands behind the `#`. */
export function useHashAddress(): Address {
  const hash = useSyncExternalStore(subscribe, () => location.hash)
  return useMemo(() => {
    const params = new URLSearchParams(hash.slice(1))
    const changed = (changes: Readonly<Record<string, string | null>>): string => {
      const next = new URLSearchParams(params)
      for (const [name, value] of Object.entries(changes))
        if (value === null) next.delete(name)
        else next.set(name, value)
      return `#${next.toString()}`
    }
    return {
      get: (name) => params.get(name),
      set: (changes, push = false) => {
        history[push ? 'pushState' : 'replaceState'](null, '', changed(changes))
        dispatchEvent(new PopStateEvent('popstate'))
      },
      href: changed,
    }
  }, [hash])
}
