import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { type Live, useLive } from './live.ts'

/** Lists are not asked for more often, milliseconds. */
const restMs = 2000

/** Asks for these lists again when something happened that they may show. @param events what they depend on */
export function useLiveQueries(
  org: string,
  keys: readonly string[],
  events: readonly Live['event'][],
): void {
  const queries = useQueryClient()
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  useEffect(() => () => clearTimeout(timer.current), [])
  useLive(org, ({ event }) => {
    if (event !== 'again' && !events.includes(event)) return
    timer.current ??= setTimeout(() => {
      timer.current = undefined
      for (const key of keys) void queries.invalidateQueries({ queryKey: [key, org] })
    }, restMs)
  })
}
