import { setTimeout as delay } from 'node:timers/promises'
import { routeUrl } from '@runwarden/api/route-url'
import type { JobStart, JobStarted } from '@runwarden/events/control-plane'
import { messageOf } from '../errors.ts'
import { ask, AskError, isPrivateWay } from './ask.ts'

export { jobStartOf } from '@runwarden/events/job-start'
export { AskError as ControlPlaneError }
export { sayReport, sayUnprotected } from './say-once.ts'

/** For all tries: the command waits for it. */
const wholeMs = 8000
const tries = 3
const firstMs = 150

/**
 * Where a control plane is, as a person names it.
 * @returns without a slash at its end
 * @throws AskError where it is none, or others could read what is sent there
 */
export function serverUrlOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || url.username !== '' || url.password !== '' || url.search !== '')
    throw new AskError(`'${text}' is no control plane’s URL, as https://runwarden.example.com`)
  if (!isPrivateWay(url))
    throw new AskError(`${url.origin} is not asked: a control plane needs https://`)
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
}

/**
 * Tells a control plane that a job starts, and learns what holds for it.
 * @param apiKey secret
 * @throws AskError when there is no answer that can be used
 */
export async function startJob(
  serverUrl: string,
  apiKey: string,
  start: JobStart,
): Promise<JobStarted> {
  const url = routeUrl(serverUrl, '/v1/jobs', {})
  const signal = AbortSignal.timeout(wholeMs)
  for (let tried = 1; ; tried++) {
    try {
      const { body } = await ask(url, {
        method: 'POST',
        token: apiKey,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(start),
        signal,
      })
      return await read(url, body)
    } catch (error) {
      if (!(error instanceof AskError) || !mayPass(error)) throw error
      if (tried === tries || signal.aborted) throw error
      await delay(firstMs * 2 ** tried * (0.5 + Math.random() / 2))
    }
  }
}

/** Whether another try may go better. */
function mayPass({ status, cause }: AskError): boolean {
  return status === null ? cause !== undefined : status === 429 || status >= 500
}

async function read(url: URL, body: Buffer): Promise<JobStarted> {
  // With a schema library, which nothing that has no control plane needs.
  const { JobStarted: schema } = await import('@runwarden/events/control-plane')
  let value: unknown
  try {
    value = JSON.parse(body.toString())
  } catch (error) {
    throw new AskError(`${url.href} answered something that is no JSON: ${messageOf(error)}`)
  }
  const found = schema.safeParse(value)
  if (found.success) return found.data
  const [where] = found.error.issues
  throw new AskError(
    `${url.href} answered what is no job: ${where?.path.join('.')}: ${where?.message}`,
  )
}
