import createFetchClient, { type Client as FetchClient, type ClientOptions } from 'openapi-fetch'
import { ApiError } from './error.ts'
import type { paths } from './generated.ts'

/** Asks a control plane; paths, parameters, bodies and answers have the types of its OpenAPI description. */
export type Client = FetchClient<paths>

/**
 * @param options `baseUrl` without a slash at its end; `fetch`, `headers` and so on as openapi-fetch has them
 */
export function createClient(options: ClientOptions): Client {
  return createFetchClient<paths>(options)
}

/**
 * What was answered.
 * @throws ApiError where that is no success; what `fetch` throws where no answer came (a TypeError)
 */
export async function answered<T>(
  asked: Promise<{ data?: T; error?: unknown; response: Response }>,
): Promise<T> {
  const { data, error, response } = await asked
  if (!response.ok) throw new ApiError(response, error)
  return data as T
}
