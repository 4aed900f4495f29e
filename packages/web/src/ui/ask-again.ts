import { createContext } from 'react'

/** Gives up what is on its way and asks for it anew; null: nothing is asked over a network. */
export const AskAgainContext = createContext<(() => void) | null>(null)
