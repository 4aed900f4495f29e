import { useState } from 'react'

/** The first entries of a long list, and more on demand. */
export function useRoom<T>(
  entries: readonly T[],
  first: number,
): { shown: readonly T[]; left: number; more: () => void } {
  const [room, setRoom] = useState(first)
  return {
    shown: entries.slice(0, room),
    left: Math.max(0, entries.length - room),
    more: () => setRoom(room + first * 4),
  }
}
