import { createFlag } from '../flag.ts'

/** Whether the server has said that it does not know who asks: what is on the page stays there. */
const ended = createFlag()

export const sessionEnded = (): void => ended.set(true)
export const sessionBegun = (): void => ended.set(false)
export const useSessionEnded = (): boolean => ended.use()
