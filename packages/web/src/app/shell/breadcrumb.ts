import { createContext, use, useEffect } from 'react'

export interface Crumb {
  label: string
  /** Of `paths.ts`; undefined: it is this page. */
  to?: string
}

export const CrumbsContext = createContext<(crumbs: readonly Crumb[]) => void>(() => {})

/** The way to this page, shown above it, after the organisation. */
export function useBreadcrumb(crumbs: readonly Crumb[]): void {
  const set = use(CrumbsContext)
  // Crumbs are made anew at each drawing: they differ when what they say differs.
  const said = JSON.stringify(crumbs)
  useEffect(() => {
    set(JSON.parse(said) as Crumb[])
    return () => set([])
  }, [set, said])
}
