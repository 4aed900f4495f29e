import { ApiError, answered, createClient } from '@runwarden/api'
import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query'
import { sessionEnded } from './session/ended.ts'

/** The one way to the server. */
export const api = createClient({ baseUrl: '' })

export { answered as ask }

/** Whether it is worth to ask again: the server was not there, or said that it is busy. */
const passes = (error: unknown): boolean =>
  !(error instanceof ApiError) || error.status === 429 || error.status >= 502

const heard = (error: unknown): void => {
  if (error instanceof ApiError && error.status === 401) sessionEnded()
}

/** What was asked is kept, so that going back shows at once what was there. */
export function createQueries(): QueryClient {
  return new QueryClient({
    queryCache: new QueryCache({ onError: heard }),
    mutationCache: new MutationCache({ onError: heard }),
    defaultOptions: {
      queries: {
        staleTime: 10_000,
        retry: (count, error) => passes(error) && count < 8,
        retryDelay: (count, error) =>
          error instanceof ApiError && error.retryAfter !== null
            ? error.retryAfter * 1000
            : Math.min(500 * 2 ** count, 8000),
        // The server is on the same network as the page: what the browser calls offline says little.
        networkMode: 'always',
      },
      mutations: { networkMode: 'always' },
    },
  })
}
