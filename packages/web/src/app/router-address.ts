import { useCallback, useLayoutEffect, useMemo, useRef } from 'react'
import { useLocation, useNavigate, useSearchParams } from 'react-router'
import type { Address } from '../job/address.ts'

type Changes = Parameters<Address['set']>[0]

function changed(params: URLSearchParams, changes: Changes): URLSearchParams {
  const next = new URLSearchParams(params)
  for (const [name, value] of Object.entries(changes))
    if (value === null) next.delete(name)
    else next.set(name, value)
  return next
}

const searchOf = (params: URLSearchParams): string =>
  params.size === 0 ? '' : `?${params.toString()}`

/** The page's own part of the address, by the router. `set` stays the same: what only changes the address is not drawn again. */
export function useRouterAddress(): Address {
  const [params] = useSearchParams()
  const { pathname } = useLocation()
  const navigate = useNavigate()
  // Also what was set and is not drawn yet.
  const latest = useRef(params)
  useLayoutEffect(() => {
    latest.current = params
  }, [params])
  const set = useCallback<Address['set']>(
    (changes, push = false) => {
      latest.current = changed(latest.current, changes)
      // At once: the next key of a person is about what this one has led to.
      void navigate(
        { search: searchOf(latest.current) },
        { replace: !push, preventScrollReset: true, flushSync: true },
      )
    },
    [navigate],
  )
  return useMemo(
    () => ({
      get: (name) => params.get(name),
      set,
      href: (changes) => pathname + searchOf(changed(params, changes)),
    }),
    [params, pathname, set],
  )
}
