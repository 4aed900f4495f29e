import { ApiError } from '@runwarden/api'
import { useQuery } from '@tanstack/react-query'
import { useEffect, type ReactNode } from 'react'
import { Skeleton } from '../../ui/Skeleton.tsx'
import { api, ask } from '../api.ts'
import { Failure } from '../../ui/Failure.tsx'
import { ServerAway } from '../states/ServerAway.tsx'
import { sessionBegun } from './ended.ts'
import { MeContext } from './session.ts'
import { SignIn } from './SignIn.tsx'

/** The app for whoever is signed in; for others the way to sign in. */
export function Session({ children }: { children: ReactNode }) {
  const me = useQuery({
    queryKey: ['me'],
    queryFn: () => ask(api.GET('/v1/me')),
    staleTime: 60_000,
  })
  useEffect(() => {
    if (me.dataUpdatedAt > 0) sessionBegun()
  }, [me.dataUpdatedAt])
  // Who was signed in keeps the page: what is on it is not lost when the session ends.
  if (me.data !== undefined)
    return (
      <MeContext value={me.data}>
        {children}
        <ServerAway />
      </MeContext>
    )
  if (me.error instanceof ApiError && me.error.status === 401) return <SignIn />
  if (me.error !== null) return <Failure error={me.error} onRetry={() => void me.refetch()} whole />
  return <Skeleton label="Runwarden starts" lines={6} />
}
