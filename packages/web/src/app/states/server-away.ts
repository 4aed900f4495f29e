import { useEffect, useRef } from 'react'
import { ApiError } from '@runwarden/api'
import { createFlag } from '../flag.ts'

/** One that did not come is no sign yet: the next one may. */
const mostMissed = 1

const away = createFlag()
let missed = 0

/** No answer came. */
export function serverMissed(): void {
  missed += 1
  away.set(missed > mostMissed)
}

/** A part of the app itself did not come. */
export const serverGone = (): void => away.set(true)

export function serverHeard(): void {
  missed = 0
  away.set(false)
}

/** Whether the server is not there: it starts again, or the network is down. */
export const useServerAway = (): boolean => away.use()

/** Acts when it is there again. */
export function useServerBack(act: () => void): void {
  const isAway = useServerAway()
  const wasAway = useRef(false)
  const latest = useRef(act)
  useEffect(() => {
    latest.current = act
  })
  useEffect(() => {
    if (wasAway.current && !isAway) latest.current()
    wasAway.current = isAway
  }, [isAway])
}

/** What a question that failed tells of it. */
export function judge(error: unknown): void {
  if (error instanceof TypeError) serverMissed()
  else if (error instanceof ApiError)
    if (error.status >= 502) serverMissed()
    else serverHeard()
}
