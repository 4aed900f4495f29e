import type { TreeProcess } from '@runwarden/api'
import { useQueries, useQuery, type UseQueryResult } from '@tanstack/react-query'
import { useCallback, useState } from 'react'
import type { Pages } from '../../ui/pages.ts'
import { useJob } from '../source.ts'
import type { Branch } from './lines.ts'

interface Page {
  items: TreeProcess[]
  next: number | null
}

/** The first page of those without a parent: whether there is a tree. */
export function useRoots(): Pages<TreeProcess> {
  const { key, tree, every } = useJob()
  const query = useQuery({
    queryKey: [...key, 'branch', '', 0],
    queryFn: () => tree({}, undefined),
    refetchInterval: every,
  })
  return {
    rows: query.data?.items ?? [],
    waiting: query.isPending,
    busy: false,
    error: query.data === undefined ? query.error : null,
    more: null,
    moreComes: false,
    again: () => void query.refetch(),
  }
}

/**
 * The children of these processes, page by page; '' are those without a parent. A page more of one is asked for when somebody
 * comes to its end.
 */
export function useBranches(parents: readonly string[]): ReadonlyMap<string, Branch> {
  const { key, tree, every } = useJob()
  // Where the pages of a branch begin; of one that is not in here only the first is wanted.
  const [wanted, setWanted] = useState<ReadonlyMap<string, readonly number[]>>(new Map())
  const asked = parents.flatMap((parent) =>
    [0, ...(wanted.get(parent) ?? [])].map((after) => ({ parent, after })),
  )
  const want = useCallback((parent: string, after: number) => {
    setWanted((now) => {
      const known = now.get(parent) ?? []
      return known.includes(after) ? now : new Map(now).set(parent, [...known, after])
    })
  }, [])
  const combine = useCallback(
    (results: readonly UseQueryResult<Page>[]): ReadonlyMap<string, Branch> => {
      const branches = new Map<string, Branch>()
      for (const [index, { parent }] of asked.entries()) {
        const { data, isPending, isError, refetch } = results[index] ?? {}
        const before = branches.get(parent)
        const next = data?.next ?? null
        branches.set(parent, {
          items: [...(before?.items ?? []), ...(data?.items ?? [])],
          waiting: isPending === true,
          more: next === null ? null : () => want(parent, next),
          failed: isError === true && data === undefined ? () => void refetch?.() : null,
        })
      }
      return branches
    },
    [asked, want],
  )
  return useQueries({
    queries: asked.map(({ parent, after }) => ({
      queryKey: [...key, 'branch', parent, after],
      queryFn: () => tree(parent === '' ? {} : { parent }, after === 0 ? undefined : after),
      refetchInterval: every,
    })),
    combine,
  })
}
