import { ApiError } from '@runwarden/api'
import { Text } from './Text.tsx'

interface Props {
  error: unknown
  /** Asks again. */
  onRetry?: () => void
  /** It stands for the whole page, so it has the page's heading. */
  whole?: boolean
}

/** What can be said of an answer that is no success: what happened, and what to do. */
function words(error: unknown): { title: string; text: string; again: boolean } {
  if (!(error instanceof ApiError))
    return error instanceof TypeError
      ? {
          title: 'The server does not answer',
          text: 'It may be starting again, or the network is down. This page tries it again by itself.',
          again: true,
        }
      : { title: 'This page has failed', text: String(error), again: true }
  switch (true) {
    case error.status === 401:
      return {
        title: 'You are not signed in',
        text: 'Your session has ended: sign in again.',
        again: true,
      }
    case error.status === 403:
      return { title: 'You may not see this', text: `${error.message}.`, again: false }
    // What the address names can't be there, as it is written.
    case error.status === 400 && error.where[0]?.in === 'path':
    case error.status === 404 || error.status === 410:
      return {
        title: 'It is not there',
        text: 'It was deleted, its time of keeping is over, the address is wrong, or it belongs to an organisation that you are not in.',
        again: false,
      }
    case error.status === 429:
      return { title: 'Too many requests', text: 'The server takes more in a moment.', again: true }
    case error.status >= 500:
      return { title: 'The server failed', text: `${error.message}.`, again: true }
    default:
      return { title: 'The server refused this', text: `${error.message}.`, again: true }
  }
}

export function Failure({ error, onRetry, whole = false }: Props) {
  const { title, text, again } = words(error)
  const Heading = whole ? 'h1' : 'h2'
  return (
    <div className="failure" role="alert">
      <Heading>{title}</Heading>
      <p>
        <Text value={text} />
      </p>
      {again && onRetry !== undefined && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  )
}
