import type { JobNames } from '@runwarden/rules'

/** What suppressions call the job, from the environment of whoever started this process. */
export function jobNames(environment: NodeJS.ProcessEnv): JobNames {
  const repository = environment['GITHUB_REPOSITORY']
  const workflow = environment['GITHUB_WORKFLOW']
  const job = environment['GITHUB_JOB']
  const [owner] = repository?.split('/') ?? []
  return {
    ...(owner === undefined ? {} : { owner }),
    ...(repository === undefined ? {} : { repository }),
    ...(workflow === undefined ? {} : { workflow }),
    ...(job === undefined ? {} : { job }),
  }
}
