import { useQueryClient } from '@tanstack/react-query'
import { paths } from '../paths.ts'
import { useSessionEnded } from './ended.ts'

/** The session has ended in the middle of work. Nothing on the page is lost: it goes on after signing in in another tab. */
export function SessionEnded() {
  const queries = useQueryClient()
  if (!useSessionEnded()) return null
  return (
    <div className="banner grave" role="alert">
      <strong>Your session has ended.</strong> What is on this page stays. Sign in in another tab,
      then go on here.
      <a className="button" href={paths.signIn()} target="_blank" rel="noreferrer">
        Sign in
      </a>
      <button type="button" onClick={() => void queries.invalidateQueries()}>
        Go on
      </button>
    </div>
  )
}
