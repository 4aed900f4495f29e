import { createRemoteJWKSet, errors, jwtVerify } from 'jose'
import { z } from 'zod'
import { HttpError } from '../error.ts'
import type { Auth } from './auth.ts'
import type { Identity } from './rights.ts'

const optional = z.string().max(1024).optional()

/** What is used of GitHub's claims: docs.github.com, "OpenID Connect reference". Numbers are texts there. */
const Claims = z
  .object({
    repository: z.string().regex(/^[\w.-]{1,100}\/(?!\.{1,2}$)[\w.-]{1,100}$/),
    repository_owner: z.string().min(1).max(100),
    /** Of the account: that stays, where its name can become another's. */
    repository_owner_id: z.string().regex(/^\d{1,20}$/),
    workflow: optional,
    workflow_ref: optional,
    job_workflow_ref: optional,
    ref: optional,
    sha: optional,
    event_name: optional,
    actor: optional,
    run_id: z.string().regex(/^\d{1,20}$/),
    run_attempt: z.string().regex(/^\d{1,6}$/),
    runner_environment: optional,
  })
  .refine((all) => all.repository.startsWith(`${all.repository_owner}/`), {
    error: 'is of another owner than repository_owner',
    path: ['repository'],
  })

/** Tokens of clocks that go a little wrong are taken. */
const toleranceSeconds = 30

/**
 * Checks tokens of jobs (RS256): signature by the issuer's published keys, which are fetched when a token first needs them,
 * kept, and fetched again at most every 30 s for a key that is not among them.
 * @param issuer an operator's word, never a request's
 * @param audience the server's own URL: a token that a job got for another server is none for this one
 */
export function jobClaimsChecker(
  auth: Auth,
  issuer: string,
  audience: () => string,
  clock: () => number,
): (token: string) => Promise<Identity | undefined> {
  const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks`), {
    timeoutDuration: 5000,
    cooldownDuration: 30_000,
  })
  return async (token) => {
    const payload = await verified(token)
    const claims = Claims.safeParse(payload)
    if (!claims.success) {
      const [first] = claims.error.issues
      throw new HttpError(
        401,
        'bad-claims',
        `the token's claim ${first?.path.join('.')}: ${first?.message}`,
      )
    }
    const { data } = claims
    const organisation = auth.organisationNamed(data.repository_owner)
    if (organisation === undefined)
      throw new HttpError(
        403,
        'unknown-organisation',
        `this server does not serve ${data.repository_owner}`,
      )
    if (!auth.isOwner(organisation.id, data.repository_owner_id)) {
      throw new HttpError(
        403,
        'another-owner',
        `${data.repository_owner} is another account than the one whose jobs came before; its administrators here can take it (DELETE /v1/orgs/${organisation.name}/owner)`,
      )
    }
    return {
      kind: 'job-claims',
      organisation,
      claims: {
        repository: data.repository,
        repositoryOwner: data.repository_owner,
        workflow: data.workflow ?? null,
        workflowRef: data.workflow_ref ?? null,
        jobWorkflowRef: data.job_workflow_ref ?? null,
        ref: data.ref ?? null,
        sha: data.sha ?? null,
        event: data.event_name ?? null,
        actor: data.actor ?? null,
        runId: data.run_id,
        runAttempt: data.run_attempt,
        runnerEnvironment: data.runner_environment ?? null,
      },
    }
  }

  async function verified(token: string): Promise<unknown> {
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer,
        audience: audience(),
        algorithms: ['RS256'],
        requiredClaims: ['exp', 'iat'],
        clockTolerance: toleranceSeconds,
        currentDate: new Date(clock()),
      })
      return payload
    } catch (error) {
      if (error instanceof errors.JWTExpired)
        throw new HttpError(401, 'token-expired', 'the token has expired')
      if (error instanceof errors.JWTClaimValidationFailed)
        throw new HttpError(401, 'bad-claims', `the token's claim ${error.claim}: ${error.message}`)
      if (
        error instanceof errors.JWTInvalid ||
        error instanceof errors.JWSInvalid ||
        error instanceof errors.JWSSignatureVerificationFailed ||
        error instanceof errors.JWKSNoMatchingKey ||
        error instanceof errors.JOSEAlgNotAllowed ||
        error instanceof errors.JOSENotSupported
      )
        throw new HttpError(401, 'bad-token', `the token is none of ${issuer}: ${error.message}`)
      // The issuer can't be reached, or answers nonsense: not the caller's fault, and worth another try.
      throw new HttpError(
        503,
        'issuer-unreachable',
        `the keys of ${issuer} can't be fetched now`,
        [],
      )
    }
  }
}
