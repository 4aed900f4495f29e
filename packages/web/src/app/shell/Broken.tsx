import { useEffect } from 'react'
import { useRouteError } from 'react-router'
import { Failure } from '../../ui/Failure.tsx'
import { serverGone, useServerBack } from '../states/server-away.ts'

const key = 'runwarden:loaded-again'
/** A page that is broken for another reason is not loaded again and again, milliseconds. */
const restMs = 60_000

/** A page that could not be loaded, or threw: after the server has another version its old pages are gone. */
export function Broken() {
  const error = useRouteError()
  // What a browser throws where a module does not come.
  const isMissing = error instanceof TypeError && /import|module|fetch|load/i.test(error.message)
  useEffect(() => {
    if (isMissing) serverGone()
  }, [isMissing])
  useServerBack(() => {
    const last = Number(sessionStorage.getItem(key))
    if (!isMissing || Date.now() - last < restMs) return
    sessionStorage.setItem(key, String(Date.now()))
    location.reload()
  })
  return <Failure error={error} onRetry={() => location.reload()} whole />
}
