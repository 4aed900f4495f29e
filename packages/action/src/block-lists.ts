import type { PolicyText } from '@runwarden/events'
import { parseBlockList } from '@runwarden/policy'

/**
 * One block list of several: what any of them names is blocked.
 * @throws PolicyError with the name of the list that is wrong, line and column
 */
export function joinBlockLists(lists: readonly PolicyText[]): PolicyText | null {
  for (const { name, text } of lists) parseBlockList(text, name)
  const [only, ...more] = lists
  if (only === undefined || more.length === 0) return only ?? null
  const read = lists.map(({ text }) => JSON.parse(text) as Record<string, unknown>)
  const all = (key: string): unknown[] =>
    read.flatMap((list) => (Array.isArray(list[key]) ? (list[key] as unknown[]) : []))
  return {
    name: lists.map(({ name }) => name).join(' and '),
    text: JSON.stringify({
      domains: all('domains'),
      wildcards: all('wildcards'),
      addresses: all('addresses'),
    }),
  }
}
