import { useRouteError } from 'react-router'
import { Failure } from '../../ui/Failure.tsx'

/** A page that could not be loaded, or threw: after the server has another version its old pages are gone. */
export function Broken() {
  const error = useRouteError()
  return <Failure error={error} onRetry={() => location.reload()} whole />
}
