import { useMemo } from 'react'
import { useLocation, useNavigate, useSearchParams } from 'react-router'
import type { Address } from '../job/address.ts'

/** The page's own part of the address, by the router. */
export function useRouterAddress(): Address {
  const [params] = useSearchParams()
  const { pathname } = useLocation()
  const navigate = useNavigate()
  return useMemo(() => {
    const changed = (changes: Readonly<Record<string, string | null>>): string => {
      const next = new URLSearchParams(params)
      for (const [name, value] of Object.entries(changes))
        if (value === null) next.delete(name)
        else next.set(name, value)
      return next.size === 0 ? '' : `?${next.toString()}`
    }
    return {
      get: (name) => params.get(name),
      set: (changes, push = false) =>
        // At once: the next key of a person is about what this one has led to.
        void navigate(
          { search: changed(changes) },
          { replace: !push, preventScrollReset: true, flushSync: true },
        ),
      href: (changes) => pathname + changed(changes),
    }
  }, [params, pathname, navigate])
}
