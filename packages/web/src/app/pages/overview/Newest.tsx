import { counted } from '@runwarden/report/view'

/** That a list of jobs is not all of them. */
export function Newest({ shown, of }: { shown: number; of: number }) {
  if (of <= shown) return null
  return (
    <p className="end">
      The newest {shown} of {counted(of, 'job')}.
    </p>
  )
}
