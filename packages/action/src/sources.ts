import type { PolicyText } from '@runwarden/events'
import { joinBlockLists } from './block-lists.ts'
import { askServer } from './control-plane.ts'
import { readRepositoryFile } from './github-api.ts'
import type { Inputs } from './inputs.ts'
import { jobHosts } from './job-hosts.ts'
import type { Log } from './log.ts'
import { composePolicy, type ComposedPolicy } from './policy.ts'

/** All that decides about a job, from wherever it comes. */
export interface Decided {
  policy: ComposedPolicy
  blockList: PolicyText | null
  rules: PolicyText[]
  insightsUrl: string | null
  /** Why the control plane wants the job not watched; null: it does not. */
  skip: string | null
}

/**
 * Gathers the job's policy, block list and rules: the workflow's inputs, files of its repository at its commit, and the
 * control plane.
 * @throws PolicyError, GitHubApiError, ControlPlaneError
 */
export async function decide(inputs: Inputs, env: NodeJS.ProcessEnv, log: Log): Promise<Decided> {
  const [server, hosts, file, list, ...rules] = await Promise.all([
    serverOf(inputs, env, log),
    jobHosts(env),
    ...[inputs.policyFile, inputs.blockList, ...inputs.rules].map((path) =>
      path === null ? null : readFile(path, env, inputs.token),
    ),
  ])
  const { job, audit } = server
  if (server.warning !== null) log.warning(server.warning)
  for (const warning of hosts.warnings) log.line(warning)
  const policy = composePolicy(audit ? { ...inputs, egressPolicy: 'audit' } : inputs, {
    file: file ?? null,
    stored: (job?.policies ?? [])
      .toSorted((a, b) => levels.indexOf(a.level) - levels.indexOf(b.level))
      .map(({ level, name, version, text }) => ({ name: `${name} v${version} (${level})`, text })),
    hosts: hosts.hosts,
  })
  const lists = [
    list ?? null,
    job?.blockList == null
      ? null
      : { name: `block list ${job.blockList.version}`, text: job.blockList.text },
  ]
  return {
    policy,
    blockList: joinBlockLists(lists.filter((one) => one !== null)),
    rules: rules.filter((one) => one !== null),
    insightsUrl: job?.insightsUrl ?? null,
    skip: job?.skip?.reason ?? null,
  }
}

const levels = ['job', 'repository', 'organisation', 'cluster']

async function readFile(path: string, env: NodeJS.ProcessEnv, token: string): Promise<PolicyText> {
  return { name: path, text: await readRepositoryFile(path, env, token) }
}

async function serverOf(
  { serverUrl, apiKey, policy, usePolicyStore, onServerFailure }: Inputs,
  env: NodeJS.ProcessEnv,
  log: Log,
): ReturnType<typeof askServer> {
  if (serverUrl === null) return { job: null, audit: false, warning: null }
  const from = usePolicyStore
    ? ({ from: 'store' } as const)
    : policy === null
      ? ({ from: 'workflow' } as const)
      : ({ from: 'name', name: policy } as const)
  return askServer({ serverUrl, apiKey, policy: from }, onServerFailure, env, (secret) =>
    log.mask(secret),
  )
}
