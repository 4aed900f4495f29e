import { useQuery, useQueryClient } from '@tanstack/react-query'
import { api, ask } from '../api.ts'
import { useServerAway, useServerBack } from './server-away.ts'

/** How often an absent server is asked for, milliseconds. */
const retryMs = 3000

/** Says that the server is away, and goes on by itself when it is back. */
export function ServerAway() {
  const away = useServerAway()
  const queries = useQueryClient()
  useQuery({
    queryKey: ['about'],
    queryFn: () => ask(api.GET('/v1')),
    enabled: away,
    retry: false,
    refetchInterval: away ? retryMs : false,
  })
  useServerBack(() => void queries.invalidateQueries())
  if (!away) return null
  return (
    <output className="banner away">
      <strong>The server does not answer.</strong> What is on this page stays, and may be old. It
      goes on by itself when the server is back.
    </output>
  )
}
