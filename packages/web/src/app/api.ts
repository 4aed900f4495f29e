import { ApiError, answered, createClient } from '@runwarden/api'
import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query'
import { sessionEnded } from './session/ended.ts'
import { judge, serverHeard } from './states/server-away.ts'

/** Questions whose answers are still to come. */
const open = new Set<AbortController>()

/** A question can be given up for a new one. A change can't: nobody would know whether it was made. */
async function fetchAnswer(request: Request): Promise<Response> {
  if (request.method !== 'GET') return fetch(request)
  const controller = new AbortController()
  open.add(controller)
  try {
    const answer = await fetch(request, { signal: controller.signal })
    // It is on its way until its end.
    return new Response(answer.status === 204 ? null : await answer.arrayBuffer(), answer)
  } finally {
    open.delete(controller)
  }
}

/** The one way to the server. */
export const api = createClient({ baseUrl: '', fetch: fetchAnswer })

/** Gives up all that is waited for; it is asked for anew as after every question that failed. */
export function askAgain(): void {
  // Then it is a part of the app that does not come.
  if (open.size === 0) location.reload()
  for (const controller of open) controller.abort()
}

export { answered as ask }

/** Whether it is worth to ask again: the server was not there, or said that it is busy. */
const passes = (error: unknown): boolean =>
  !(error instanceof ApiError) || error.status === 429 || error.status >= 502

const heard = (error: unknown): void => {
  if (error instanceof ApiError && error.status === 401) sessionEnded()
}

/** What was asked is kept, so that going back shows at once what was there. */
export function createQueries(): QueryClient {
  const queryCache = new QueryCache({ onError: heard })
  queryCache.subscribe((event) => {
    if (event.type !== 'updated') return
    if (event.action.type === 'success') serverHeard()
    if (event.action.type === 'failed' || event.action.type === 'error') judge(event.action.error)
  })
  return new QueryClient({
    queryCache,
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
