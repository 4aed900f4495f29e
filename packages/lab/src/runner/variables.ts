import { arch } from 'node:os'
import { dirname, join } from 'node:path'
import type { Plan } from './plan.ts'
import type { Job, Workflow } from './workflow.ts'

/** The `github` context of a job, by GitHub's names. */
export function githubContext(plan: Plan, workflow: Workflow, job: Job): Record<string, unknown> {
  const { repository, ref, sha, event, actor, runId, workspace } = plan
  return {
    actor,
    triggering_actor: actor,
    api_url: plan.urls.api,
    event: event.payload,
    event_name: event.name,
    event_path: join(plan.temp, '_github_workflow', 'event.json'),
    head_ref: refOf(event.payload, 'head'),
    base_ref: refOf(event.payload, 'base'),
    graphql_url: `${plan.urls.api}/graphql`,
    job: job.id,
    ref,
    ref_name: ref.replace(/^refs\/[^/]+\//, ''),
    ref_type: ref.startsWith('refs/tags/') ? 'tag' : 'branch',
    repository,
    repository_owner: repository.split('/')[0],
    run_attempt: '1',
    run_id: runId,
    run_number: '1',
    server_url: plan.urls.server,
    sha,
    workflow: workflow.name,
    workflow_sha: sha,
    workflow_ref: `${repository}/.github/workflows/${plan.caller.split('/').at(-1)}@${ref}`,
    workspace,
  }
}

/** A branch of a pull request: whoever opens one chooses the name of its head. */
function refOf({ pull_request: request }: Record<string, unknown>, end: 'head' | 'base'): string {
  const ends = request as Partial<Record<typeof end, { ref?: string }>> | undefined
  return ends?.[end]?.ref ?? ''
}

export function runnerContext({ temp, runner }: Plan): Record<string, string> {
  return {
    name: runner.name,
    os: 'Linux',
    arch: arch() === 'arm64' ? 'ARM64' : 'X64',
    environment: runner.environment,
    temp,
    tool_cache: join(dirname(temp), '_tool'),
    workspace: dirname(dirname(temp)),
  }
}

/** GITHUB_* and RUNNER_*, as each step has them. */
export function contextVariables(
  github: Readonly<Record<string, unknown>>,
  runner: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries([
    ['CI', 'true'],
    ['GITHUB_ACTIONS', 'true'],
    ...named('GITHUB', github),
    ...named('RUNNER', runner),
  ])
}

/** What is text in a context. */
function named(
  prefix: string,
  context: Readonly<Record<string, unknown>>,
): [name: string, value: string][] {
  return Object.entries(context)
    .filter((entry): entry is [string, string] => typeof entry[1] === 'string')
    .map(([name, value]) => [`${prefix}_${name.toUpperCase()}`, value])
}
