import type { JobPolicySources, JobRequest, JobServer, PolicyText } from '@runwarden/events'
import { byLevel, storedName } from '@runwarden/events/stored-policy'
import { parseBlockList } from '@runwarden/policy'
import { composePolicy, type ComposedPolicy } from '@runwarden/policy/compose'
import { joinBlockLists } from './block-lists.ts'
import { askServer } from './control-plane.ts'
import { readRepositoryFile } from './github-api.ts'
import type { Inputs } from './inputs.ts'
import { jobHosts } from './job-hosts.ts'
import type { Log } from './log.ts'

/** All that decides about a job, from wherever it comes. */
export interface Decided {
  policy: ComposedPolicy
  /** The workflow's own. */
  blockList: PolicyText | null
  /** Where the agent sends what the job does; null: nowhere. */
  server: JobServer | null
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
  const sources = {
    file: file ?? null,
    stored: byLevel(job?.policies ?? []).map((one) => ({ name: storedName(one), text: one.text })),
    hosts: hosts.hosts,
  }
  const said = composePolicy(inputs, sources)
  // That nothing is stopped for want of a control plane lets no job go on unwatched: its fail-mode stays as it was.
  const policy = audit
    ? composePolicy({ ...inputs, egressPolicy: 'audit', failMode: said.failMode }, sources)
    : said
  const served = job?.blockList ?? null
  if (served !== null) parseBlockList(served.text, listName(served))
  const url = inputs.serverUrl
  const decided = {
    blockList: joinBlockLists(list == null ? [] : [list]),
    server:
      job === null || url === null
        ? null
        : {
            url,
            jobId: job.jobId,
            token: job.token,
            blockList: served,
            policies:
              job.policyVersion == null
                ? null
                : {
                    version: job.policyVersion,
                    own: ownWords(inputs),
                    file: sources.file,
                    hosts: sources.hosts,
                  },
          },
  }
  const silent = inputs.disableTelemetry && policy.egress === 'block'
  return {
    policy,
    ...(silent ? withoutServer(decided) : decided),
    rules: rules.filter((one) => one !== null),
    insightsUrl: job?.insightsUrl ?? null,
    skip: job?.skip?.reason ?? null,
  }
}

/** The same where nothing is sent to the control plane: its block list holds as it is now. */
export function withoutServer<Of extends Pick<JobRequest, 'blockList' | 'server'>>(
  request: Of,
): Of & { server: null } {
  const { blockList, server } = request
  const served = server?.blockList ?? null
  const lists = [
    ...(blockList === null ? [] : [blockList]),
    ...(served === null ? [] : [{ name: listName(served), text: served.text }]),
  ]
  return { ...request, blockList: joinBlockLists(lists), server: null }
}

/** What the workflow says of policy, without its secrets. */
function ownWords(inputs: Inputs): JobPolicySources['own'] {
  const { egressPolicy, failMode, allowedEndpoints, presets, lockdown } = inputs
  const { disableSudo, disableSudoAndContainers, disableFileMonitoring } = inputs
  const listed = { allowedEndpoints, presets, lockdown }
  const switches = { disableSudo, disableSudoAndContainers, disableFileMonitoring }
  return { egressPolicy, failMode, ...listed, ...switches }
}

function listName({ version }: NonNullable<JobServer['blockList']>): string {
  return `block list ${version}`
}

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
