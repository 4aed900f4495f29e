import { join, resolve } from 'node:path'
import {
  AgentError,
  AgentService,
  findCgroup,
  orphans,
  serviceRotation,
  JobSocket,
  Jobs,
  type ScopeRecord,
  type ScopeSettings,
} from '@runwarden/agent'
import { parseBlockList } from '@runwarden/policy'
import { type AgentConfig, readAgentConfig, type ScopeConfig } from './agent-config.ts'
import { agentOptions } from './agent-options.ts'
import { notifyReady } from './notify.ts'
import { describeOptions, parseOptions, UsageError } from './options.ts'
import { readPolicy } from './read-policy.ts'
import { readRuleFiles } from './read-rules.ts'
import { RunRecord } from './run-record.ts'
import { filesNamed, readNamedFile, timeName } from './run-files.ts'
import { writeText } from './terminal.ts'
import { version } from './version.ts'

const help = `Watches cgroups, or the whole machine, and enforces a policy on each, in the foreground, until
SIGTERM or SIGINT. What it enforces outlives it when it is killed; the next one takes it over.

Usage: runwarden agent --config FILE
       runwarden agent --scope host|CGROUP --policy FILE [OPTIONS]
       runwarden agent --release CGROUP

Options:
${describeOptions(agentOptions)}

It says 'armed' of each scope when a deny was seen enforced there and its event delivered, and tells
systemd when all are. SIGHUP reads the configuration anew, with all policies, block lists and rules;
when any of it is at fault, all that was in force stays so.
It ends with 125 when a scope cannot be armed.`

const say = (text: string): void => writeText(2, `runwarden: ${text}\n`)

/** `runwarden agent` */
export async function main(words: string[]): Promise<number> {
  const { options, rest } = parseOptions(agentOptions, words)
  if (options.help) {
    console.log(help)
    return 0
  }
  if (rest.length > 0) throw new UsageError(`agent takes no '${rest[0]}'`)
  if (options.release !== undefined) return release(options.release, options.state)
  const config = await readAgentConfig(options)
  const stopped = Promise.withResolvers<void>()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stopped.resolve())
  // It would end this one. SIGUSR1 is kept off by a flag (bin/start.bash).
  process.on('SIGUSR2', () => {})
  // Before it runs they wait: without a listener this one would end the process.
  let service: AgentService | undefined
  let asked = false
  process.on('SIGHUP', () => {
    if (service === undefined) asked = true
    else void reload(service)
  })
  let onStop = config.onStop
  const reload = async (running: AgentService): Promise<void> => {
    let next = config
    const taken = await running.reload(async () => {
      next = await readAgentConfig(options)
      if (next.state !== config.state)
        throw new AgentError(
          'STATE_MOVED',
          `'state: ${next.state ?? ''}' is not where this agent keeps its state`,
          'restart the agent to have it elsewhere',
        )
      return Promise.all(next.scopes.map((scope) => settingsOf(scope, next)))
    })
    if (taken) onStop = next.onStop
  }
  service = await AgentService.start({
    version,
    scopes: await Promise.all(config.scopes.map((scope) => settingsOf(scope, config))),
    ...(config.state === undefined ? {} : { home: resolve(config.state) }),
    say,
  })
  if (asked) await reload(service)
  const jobs = await takeJobs(service, config, () => stopped.resolve())
  const unsent = await sendUnsent(config)
  notifyReady(say)
  await stopped.promise
  // For a job alone, and told to end by one of its steps: whoever keeps it running starts it again.
  const isTooEarly = config.scopes.length === 0 && jobs?.isUnderWay() === true
  await jobs?.end()
  await unsent?.end()
  await service.stop(isTooEarly ? 'keep' : onStop)
  return isTooEarly ? 1 : 0
}

/**
 * Takes jobs over the socket, where the configuration names one.
 * @param onIdle the agent has no scope of its own, and its last job has ended
 */
async function takeJobs(
  service: AgentService,
  config: AgentConfig,
  onIdle: () => void,
): Promise<{ isUnderWay: () => boolean; end: () => Promise<void> } | undefined> {
  if (config.socket === undefined) return undefined
  const jobs = await Jobs.start({
    service,
    home: config.state === undefined ? undefined : resolve(config.state),
    out: resolve(config.out),
    say,
    open: (folder) => openRecord(folder),
    onIdle: () => {
      if (config.scopes.length === 0) onIdle()
    },
  })
  const socket = await JobSocket.listen(
    resolve(config.socket),
    (peer) => jobs.admit(peer),
    (request, peer) => jobs.answer(request, peer),
  )
  return {
    isUnderWay: () => jobs.isUnderWay,
    async end() {
      jobs.close()
      await socket.close()
    },
  }
}

/** What agents before this one have left of jobs goes to their control planes; its jobs have what is theirs by then. */
async function sendUnsent({
  state,
  socket,
}: AgentConfig): Promise<{ end: () => Promise<void> } | undefined> {
  if (socket === undefined) return undefined
  const { UnsentSender } = await import('@runwarden/agent/unsent')
  return UnsentSender.start(say, {
    ...(state === undefined ? {} : { home: resolve(state) }),
    again: true,
  })
}

async function openRecord(folder: string): Promise<ScopeRecord> {
  const record = RunRecord.open(folder, say, { rotation: serviceRotation })
  await record.load()
  return {
    onEvent: record.add,
    finish: (facts) => record.finish(facts, { quiet: true }),
    abandon: () => record.abandon(),
  }
}

async function settingsOf(scope: ScopeConfig, { file, out }: AgentConfig): Promise<ScopeSettings> {
  const { name } = scope
  return {
    name,
    cgroup: scope.cgroup,
    wait: scope.wait,
    jobsMayReplace: scope.jobs === 'may-replace',
    policyFile: scope.policy,
    governing: filesNamed([file, scope.policy, scope.blockList, ...scope.rules]),
    workspace: scope.workspace,
    exempt: scope.exempt,
    uplinks: scope.uplinks,
    rules: await readRuleFiles(scope.rules),
    rulesVersion: JSON.stringify(scope.rules.map((file) => readNamedFile(file, 'rules'))),
    read: () =>
      readPolicy({
        policy: scope.policy ?? undefined,
        'block-list': scope.blockList ?? undefined,
        allow: [],
        egress: undefined,
        'fail-mode': undefined,
      }),
    blockList: () =>
      scope.blockList === null
        ? undefined
        : parseBlockList(readNamedFile(scope.blockList, 'block list'), scope.blockList),
    record: () => openRecord(join(resolve(out), name, timeName(new Date()))),
  }
}

function release(named: string, state: string | undefined): number {
  const cgroup = findCgroup(named)
  const left = orphans(state).find((orphan) => orphan.cgroup === cgroup)
  if (left === undefined) {
    throw new AgentError(
      'NOT_LEFT',
      `no agent left a policy in force on ${cgroup}`,
      'a policy of an agent that runs ends with the agent: stop it',
    )
  }
  left.release()
  say(`the policy on ${cgroup} is no longer enforced`)
  return 0
}
