import { routeUrl } from '@runwarden/api/route-url'
import type { JobServer } from '@runwarden/events'
import {
  JobStarted,
  largestJobStarted,
  type JobStart,
  type PolicyInForce,
} from '@runwarden/events/control-plane'
import { jobStartOf } from '@runwarden/events/job-start'
import { askForSuccess, jsonOf, RequestError, retrying } from './http.ts'
import { oidcToken } from './oidc.ts'

/** How the workflow names its control plane. */
export interface ControlPlane {
  /** Without a slash at its end. */
  serverUrl: string
  /** Secret; null: the job says who it is by GitHub's OIDC token. */
  apiKey: string | null
  policy: JobStart['policy']
}

/** The control plane gave no answer that can be used. */
export class ControlPlaneError extends Error {
  readonly code = 'CONTROL_PLANE'
  /** What to do, one sentence. */
  readonly advice: string

  constructor(message: string, advice: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'ControlPlaneError'
    this.advice = advice
  }
}

/** For everything, all tries and the OIDC token included. */
const wholeMs = 8000
const tries = 3
const firstMs = 250

/**
 * Tells the control plane that this job starts.
 * @param mask has the runner take a secret out of all logs
 * @throws ControlPlaneError
 */
export async function startJob(
  { serverUrl, apiKey, policy }: ControlPlane,
  env: NodeJS.ProcessEnv,
  mask: (secret: string) => void,
): Promise<JobStarted> {
  const signal = AbortSignal.timeout(wholeMs)
  const url = routeUrl(serverUrl, '/v1/jobs', {})
  const body = JSON.stringify(jobStartOf(env, policy))
  try {
    const token = apiKey ?? (await oidcToken(serverUrl, env, mask, signal))
    const reply = await retrying({ tries, firstMs, signal }, () =>
      askForSuccess(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body,
        limit: largestJobStarted,
        signal,
      }),
    )
    const read = JobStarted.safeParse(jsonOf(url, reply))
    if (!read.success) {
      const where = read.error.issues[0]
      throw new RequestError(
        'INVALID',
        `${url.href} answered what is no job: ${where?.path.join('.')}: ${where?.message}`,
      )
    }
    mask(read.data.token)
    return read.data
  } catch (error) {
    if (!(error instanceof RequestError)) throw error
    throw new ControlPlaneError(
      `The control plane could not be used: ${error.message}.`,
      adviceFor(error, apiKey !== null),
      error,
    )
  }
}

/**
 * Tells the control plane that nobody watches the job, as no agent will: without, it would be one whose agent fell silent.
 * @throws RequestError
 */
export async function sayUnprotected(
  { url, jobId, token }: Pick<JobServer, 'url' | 'jobId' | 'token'>,
  egress: PolicyInForce['egress'],
): Promise<void> {
  const signal = AbortSignal.timeout(wholeMs)
  const said: PolicyInForce = {
    at: Date.now(),
    egress,
    protection: 'unprotected',
    tier: 'none',
    text: null,
    otherwise: null,
  }
  await retrying({ tries, firstMs, signal }, () =>
    askForSuccess(routeUrl(url, '/v1/jobs/{id}/policy', { id: jobId }), {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify(said),
      signal,
    }),
  )
}

function adviceFor({ code, status }: RequestError, byKey: boolean): string {
  if (code === 'INSECURE') return 'Name it with https://.'
  if (code === 'REDIRECTED') return 'Name the address that it leads to, if that is yours.'
  if (status === 401 || status === 403) {
    return byKey
      ? 'See whether api-key is valid and may start jobs of this repository.'
      : 'See whether the control plane takes GitHub’s OIDC tokens of this repository, with its URL as audience.'
  }
  if (status === 404) return 'See whether server-url is right, and the policy’s name.'
  if (code === 'INVALID') return 'See whether server-url is a control plane of this version.'
  return 'See whether it runs, and can be reached from this runner.'
}

/** What the job's start comes to. */
export interface ServerAnswer {
  /** null: there is none, and `warning` says why. */
  job: JobStarted | null
  /** Nothing is to be blocked, because the control plane is down and the workflow says so. */
  audit: boolean
  warning: string | null
}

/**
 * startJob, and what `on-server-failure` says where that fails: `local` goes on with what the workflow itself says,
 * `audit` with that in audit mode, `fail` not at all.
 * @throws ControlPlaneError with `fail`
 */
export async function askServer(
  server: ControlPlane,
  onFailure: 'local' | 'audit' | 'fail',
  env: NodeJS.ProcessEnv,
  mask: (secret: string) => void,
): Promise<ServerAnswer> {
  try {
    return { job: await startJob(server, env, mask), audit: false, warning: null }
  } catch (error) {
    if (!(error instanceof ControlPlaneError) || onFailure === 'fail') throw error
    const then =
      onFailure === 'audit'
        ? 'Nothing is blocked in this job (on-server-failure: audit).'
        : 'This job goes on with the policy of its workflow alone (on-server-failure: local).'
    return {
      job: null,
      audit: onFailure === 'audit',
      warning: `${error.message} ${then} ${error.advice}`,
    }
  }
}
