import { useSyncExternalStore } from 'react'

/** Whether the server has said that it does not know who asks: what is on the page stays there. */
let ended = false
const listeners = new Set<() => void>()

function set(value: boolean): void {
  if (ended === value) return
  ended = value
  for (const listener of listeners) listener()
}

export const sessionEnded = (): void => set(true)
export const sessionBegun = (): void => set(false)

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export const useSessionEnded = (): boolean => useSyncExternalStore(subscribe, () => ended)
