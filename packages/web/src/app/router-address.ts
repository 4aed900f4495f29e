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
        void navigate({ search: changed(changes) }, { replace: !push, preventScrollReset: true }),
      href: (changes) => pathname + changed(changes),
    }
  }, [params, pathname, navigate])
}
