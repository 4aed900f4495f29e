import type { JobStart } from './control-plane.ts'

/** What a job says of itself at its start, from its environment on GitHub; what it does not have is null. For one start, however often it is tried. */
export function jobStartOf(
  env: Readonly<Record<string, string | undefined>>,
  policy: JobStart['policy'],
): JobStart {
  const of = (name: string): string | null => {
    const value = (env[name] ?? '').replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ').slice(0, 1024)
    return value === '' ? null : value
  }
  return {
    version: 1,
    nonce: crypto.randomUUID(),
    job: {
      repository: of('GITHUB_REPOSITORY'),
      workflow: of('GITHUB_WORKFLOW'),
      workflowRef: of('GITHUB_WORKFLOW_REF'),
      job: of('GITHUB_JOB'),
      runId: of('GITHUB_RUN_ID'),
      runAttempt: of('GITHUB_RUN_ATTEMPT'),
      ref: of('GITHUB_REF'),
      sha: of('GITHUB_SHA'),
      event: of('GITHUB_EVENT_NAME'),
      actor: of('GITHUB_ACTOR'),
    },
    runner: {
      name: of('RUNNER_NAME'),
      os: of('RUNNER_OS'),
      arch: of('RUNNER_ARCH'),
      environment: of('RUNNER_ENVIRONMENT'),
    },
    policy,
  }
}
