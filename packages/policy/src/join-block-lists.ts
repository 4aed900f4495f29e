import type { BlockList } from './block-list.ts'

/** One block list of several: what any of them names is blocked. @returns undefined: there are none */
export function joinBlockLists(lists: readonly BlockList[]): BlockList | undefined {
  const [only, ...more] = lists
  if (more.length === 0) return only
  return {
    file: lists.map(({ file }) => file).join(' and '),
    domains: lists.flatMap(({ domains }) => domains),
    wildcards: lists.flatMap(({ wildcards }) => wildcards),
    addresses: lists.flatMap(({ addresses }) => addresses),
  }
}
