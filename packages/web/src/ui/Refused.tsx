import { ApiError } from '@runwarden/api'
import { Text } from './Text.tsx'

/** Why a change was not made; nothing where it was, or was not tried. */
export function Refused({ error }: { error: Error | null }) {
  if (error === null) return null
  const text =
    error instanceof ApiError
      ? error.message
      : 'the server does not answer; nothing was changed as far as this page knows'
  return (
    <p className="refused" role="alert">
      Not done: <Text value={text} />.
    </p>
  )
}
