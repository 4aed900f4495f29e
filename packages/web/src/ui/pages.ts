import { useMemo } from 'react'
import { hashKey, useInfiniteQuery, type QueryKey } from '@tanstack/react-query'

interface Page<T, C> {
  items: T[]
  next: C | null
}

/** A list of more pages than these is asked for again so much less often: each time all its pages come anew. */
const longPages = 4
const longRest = 3

/** Whether what was asked for is a list of many pages. */
export const isLong = (data: unknown): boolean =>
  typeof data === 'object' &&
  data !== null &&
  'pages' in data &&
  Array.isArray(data.pages) &&
  data.pages.length > longPages

/** A list of the API, page after page: `rows` are those that have come, `more` asks for the next. */
export interface Pages<T> {
  rows: readonly T[]
  /** Nothing has come yet. */
  waiting: boolean
  /** The rows are those of the question before; those of this one are still to come. */
  busy: boolean
  error: Error | null
  more: (() => void) | null
  moreComes: boolean
  again: () => void
}

/**
 * @param page asks for one; `after` is the `next` of the one before, undefined for the first
 * @param like so many first parts of the key say which list it is; the others narrow it, and until what is left has come there
 *   are the rows of before
 */
export function usePages<T, C extends string | number>(
  key: QueryKey,
  page: (after: C | undefined) => Promise<Page<T, C>>,
  {
    every = false,
    enabled = true,
    like = null,
  }: { every?: number | false; enabled?: boolean; like?: number | null } = {},
): Pages<T> {
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }) => page(pageParam as C | undefined),
    initialPageParam: undefined as C | undefined,
    getNextPageParam: ({ next }: Page<T, C>) => next ?? undefined,
    refetchInterval: ({ state: { data } }) =>
      every !== false && isLong(data) ? every * longRest : every,
    enabled,
    placeholderData: (before, query) =>
      like !== null && hashKey(query?.queryKey.slice(0, like) ?? []) === hashKey(key.slice(0, like))
        ? before
        : undefined,
  })
  const { data } = query
  const rows = useMemo(() => data?.pages.flatMap(({ items }) => items) ?? [], [data])
  return {
    rows,
    waiting: query.isPending,
    busy: query.isPlaceholderData,
    error: data === undefined ? query.error : null,
    more: query.hasNextPage ? () => void query.fetchNextPage() : null,
    moreComes: query.isFetchingNextPage,
    again: () => void query.refetch(),
  }
}
