import { useSyncExternalStore } from 'react'

/** Something that holds for the whole app, or does not, whoever finds it out. */
export interface Flag {
  set: (value: boolean) => void
  /** In a component: whether it holds. */
  use: () => boolean
}

export function createFlag(): Flag {
  let now = false
  const listeners = new Set<() => void>()
  const subscribe = (listener: () => void): (() => void) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }
  return {
    set(value) {
      if (now === value) return
      now = value
      for (const listener of listeners) listener()
    },
    use: () => useSyncExternalStore(subscribe, () => now),
  }
}
