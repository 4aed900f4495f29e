import { chownSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Event } from '@runwarden/events'
import { compile, type CompiledPolicy, joinBlockLists, parseBlockList } from '@runwarden/policy'
import type { RuleSet } from '@runwarden/rules'
import { AgentError } from '../errors.ts'
import type { ScopeRecord, ScopeSettings } from '../service/scope-settings.ts'
import { jobProcesses } from './job-exempt.ts'
import type { KnownJob } from './job-file.ts'
import type { JobUplink } from './job-uplink.ts'

/** What a job's record has come to so far. */
export class Counts {
  blocked = 0
  attackBlocked = 0
  detections = 0

  readonly see = (event: Event): void => {
    if (event.kind === 'detection') this.detections++
    else if ('verdict' in event) {
      const count = 'count' in event ? event.count : 1
      if (event.verdict === 'blocked') this.blocked += count
      else if (event.verdict === 'attack-blocked') this.attackBlocked += count
    }
  }
}

/** Opens a record in a folder. */
export type OpenRecord = (folder: string) => Promise<ScopeRecord>

/**
 * The scope of a job, for the service.
 * @param record.folder where it goes
 * @param record.uplink where its events go, too
 * @param configured what holds by itself on the scope that the job overrules
 * @throws PolicyError for rules at once, for the policy when it is read
 */
export async function settingsOf(
  job: KnownJob,
  record: { folder: string; counts: Counts; open: OpenRecord; uplink: JobUplink | undefined },
  configured?: ScopeSettings,
): Promise<ScopeSettings> {
  const { request, cgroup, identity } = job
  const { folder, counts, open, uplink } = record
  return {
    name: scopeNameOf(job),
    cgroup,
    policyFile: request.policy.name,
    own: [`${job.folder}/**`],
    lockdown: {
      id: job.id,
      post: `${job.folder}/post.js`,
      action: job.action,
      failMode: request.failMode,
      ownCgroup: job.ownCgroup,
    },
    workspace: request.workspace,
    exempt: {
      ...(configured?.exempt ?? {
        cgroups: [],
        programs: [],
        presets: presetsFor(request.scope),
      }),
      processes: jobProcesses(job.worker, request.scope),
    },
    uplinks: configured?.uplinks ?? [],
    command: [identity.repository, identity.workflow, identity.job].filter((one) => one !== null),
    github: job.github,
    ...(request.runner === undefined ? {} : { runner: request.runner }),
    blockList: configured?.blockList,
    read: () => readPolicy(job, configured?.blockList),
    rules: await readJobRules(job, configured?.rules),
    async record() {
      makeFolder(folder, job.gid)
      const kept = await open(folder)
      uplink?.open()
      return {
        ...kept,
        after: uplink?.lastSeq ?? 0,
        onEvent(event) {
          counts.see(event)
          kept.onEvent(event)
          uplink?.add(event)
        },
        async finish(facts) {
          const report = await kept.finish(facts)
          uplink?.finish(report)
          return report
        },
        abandon() {
          void uplink?.close()
          kept.abandon()
        },
      }
    },
  }
}

export function scopeNameOf({ id, overrules }: Pick<KnownJob, 'id' | 'overrules'>): string {
  return overrules ?? `job-${id}`
}

/** The job's own rules beside those that hold anyway. */
async function readJobRules(
  { request }: KnownJob,
  configured: RuleSet | undefined,
): Promise<RuleSet | undefined> {
  if (request.rules.length === 0) return configured
  const { loadBuiltinRules } = await import('@runwarden/rules')
  const { readRules } = await import('@runwarden/rules/files')
  const files = request.rules.map(({ name, text }) => ({ file: name, text }))
  return readRules(files, configured ?? (await loadBuiltinRules()))
}

function presetsFor(scope: 'host' | 'job'): string[] {
  return scope === 'host' ? ['host-services'] : []
}

/**
 * The job's policy, compiled, with its own block list, its control plane's and that of the machine's scope.
 * @throws PolicyError, AgentError
 */
export async function readPolicy(
  { request, server }: KnownJob,
  machines: ScopeSettings['blockList'],
): Promise<CompiledPolicy> {
  const { parsePolicy } = await import('@runwarden/policy/document')
  const { policy, blockList } = request
  const served = server?.blockList ?? null
  const lists = [
    ...(blockList === null ? [] : [parseBlockList(blockList.text, blockList.name)]),
    ...(served === null ? [] : [parseBlockList(served.text, `block list ${served.version}`)]),
    ...[machines?.() ?? []].flat(),
  ]
  return compile(parsePolicy(policy.text, policy.name), joinBlockLists(lists))
}

/** Root's, and readable for the runner's account: what the job did is its business, and nobody else's. */
function makeFolder(folder: string, gid: number): void {
  try {
    mkdirSync(dirname(folder), { recursive: true, mode: 0o755 })
    mkdirSync(folder, { recursive: true, mode: 0o750 })
    chownSync(folder, 0, gid)
  } catch (error) {
    throw new AgentError(
      'RECORD',
      `the job's record cannot be kept in ${folder}: ${String(error)}`,
      'make room, or name another folder with --out',
      { cause: error },
    )
  }
}
