import {
  AgentError,
  BrokenOff,
  findAccount,
  githubFacts,
  Interrupted,
  type Protected,
  type ProtectSettings,
  messageOf,
  notRun,
  protect,
  readGranted,
  runUnprotected,
  uncountedPrograms,
  workerFile,
} from '@runwarden/agent'
import type { Event } from '@runwarden/events'
import { inherited } from './inherited.ts'
import { describeOptions, type Parsed, parseOptions, UsageError } from './options.ts'
import { readBaseline } from './read-baseline.ts'
import { compileOwn, type OwnPolicy, readOwnPolicy } from './read-policy.ts'
import { readRuleFiles } from './read-rules.ts'
import { readApiKey, readMasks, readSecretVariables, takeApiKey } from './read-secrets.ts'
import { filesNamed, newFolder, readWorkspace } from './run-files.ts'
import { RunRecord } from './run-record.ts'
import type { ServedRun } from './run-server.ts'
import { runOptions } from './run-options.ts'
import { writeText } from './terminal.ts'
import { version } from './version.ts'

const help = `Runs a command, watched and under policy: everything that it and its descendants do on the
network, with processes and with files is recorded, decided in the kernel and explained at the end.

Usage: runwarden run [OPTIONS] [--] COMMAND [ARGUMENT …]

Options:
${describeOptions(runOptions)}

The exit status is the command's own; 128+n when signal n ended it; 127 and 126 when it was not
found or not executable; 125 when Runwarden could not protect it (it was then not run) or keep the
record of it; 86 with --fail-on when what it names happened.`

/** Ends with it when --fail-on's condition came true. */
const failedOn = 86
/** Ends with it when Runwarden itself failed. */
const failed = 125

const say = (text: string): void => writeText(2, `runwarden: ${text}\n`)

/** @throws UsageError */
function readRepository(text: string): string {
  if (/^[\w.-]+\/[\w.-]+$/.test(text)) return text
  throw new UsageError(`--repository '${text}': write it as OWNER/NAME`)
}

/** The run at its control plane; undefined: the command line names none. @throws UsageError, ControlPlaneError, PolicyError */
async function startServed(
  own: OwnPolicy,
  options: Parsed<typeof runOptions>,
  repository: string | null,
): Promise<ServedRun | undefined> {
  const { server: url, user } = options
  if (url === undefined) {
    takeApiKey()
    for (const name of ['api-key-file', 'on-server-failure'] as const)
      if (options[name] !== undefined)
        throw new UsageError(`--${name} is of use with --server URL only`)
    return undefined
  }
  const apiKey = readApiKey(options['api-key-file'], user, say)
  const onFailure = (options['on-server-failure'] ?? 'local') as 'local' | 'audit' | 'fail'
  // Loaded by those alone who have one.
  const { ServedRun: Run } = await import('./run-server.ts')
  return Run.start(own, { url, apiKey, onFailure, repository, say })
}

/** Runs the command without any protection, because the control plane's administrators want it so. */
async function skip(
  settings: ProtectSettings,
  served: ServedRun,
  reason: string,
): Promise<Protected> {
  const why = `the control plane wants it so: ${reason}`
  say(`NOT PROTECTED: ${why}`)
  await served.unprotected(why)
  return runUnprotected(settings, why)
}

function both(first: (event: Event) => void, second: (event: Event) => void) {
  return (event: Event): void => {
    first(event)
    second(event)
  }
}

/** `runwarden run` */
export async function main(words: string[]): Promise<number> {
  const { options, rest } = parseOptions(runOptions, words)
  if (options.help) {
    console.log(help)
    return 0
  }
  const [file, ...args] = rest
  if (file === undefined || file === '')
    throw new UsageError('run needs a command: runwarden run [OPTIONS] -- COMMAND')
  const rules = await readRuleFiles(options.rules)
  const baseline = readBaseline(options.baseline)
  const own = await readOwnPolicy(
    options,
    rules?.rules.map(({ id }) => id),
  )
  const owner = options.user === undefined ? undefined : findAccount(options.user)
  const granted = options.granted === undefined ? null : readGranted(options.granted)
  const github = githubFacts(process.env, granted)
  if (options.repository !== undefined) github.repository = readRepository(options.repository)
  const workspace = readWorkspace(options.workspace ?? '.')
  const worker = options.worker === undefined ? undefined : workerFile(options.worker)
  const secrets = [
    ...readSecretVariables(options['secret-env']),
    ...readMasks(options.masks, options.user, say),
  ]

  const served = await startServed(own, options, github.repository)
  const compiled = served?.compiled ?? compileOwn(own)
  if (!options.quiet)
    for (const sentence of [...compiled.warnings, ...uncountedPrograms(compiled)]) say(sentence)

  // The last before the command: what is at fault leaves no folder.
  const { path, made } =
    options.out === undefined
      ? newFolder('.runwarden', new Date())
      : { path: options.out, made: [] }
  const record = RunRecord.open(path, say, { made, owner })
  if ((await served?.open()) === false) record.incomplete = true
  const settings = {
    version,
    command: [file, ...args] as [string, ...string[]],
    compiled,
    rules,
    baseline,
    policyFile: options.policy ?? null,
    governing: filesNamed([options.policy, options['block-list'], ...options.rules]),
    step: options.step ?? file,
    worker,
    user: options.user,
    workspace,
    background: options.background === 'keep' ? ('keep' as const) : ('end' as const),
    inherited,
    github,
    secrets,
    onEvent: served === undefined ? record.add : both(record.add, served.add),
    onArmed: record.begin,
    onWatch: served?.follow,
    say,
  }
  let run: Protected
  try {
    run = await (served?.skip == null ? protect(settings) : skip(settings, served, served.skip))
  } catch (error) {
    if (error instanceof Interrupted) {
      await served?.notRun(notRun(settings, error.message, error.status))
      record.abandon()
      say(error.message)
      return error.status
    }
    if (error instanceof BrokenOff) {
      await served?.brokenOff()
      record.abandon()
      say(`RECORD INCOMPLETE: ${error.message}`)
      return compiled.failMode === 'closed' ? failed : error.status
    }
    const reason = messageOf(error)
    if (compiled.failMode === 'closed') {
      await served?.notRun(notRun(settings, reason, failed))
      record.abandon()
      if (error instanceof AgentError) throw error
      throw new AgentError(
        'NOT_ARMED',
        `the command was not run, since it could not be protected: ${reason}`,
        "'runwarden doctor' says what this machine lacks; --fail-mode open runs the command unprotected",
        { cause: error },
      )
    }
    say(`NOT PROTECTED: ${reason}`)
    say('fail-mode is open: the command runs, and nothing watches or stops it')
    await served?.unprotected(reason)
    run = await runUnprotected(settings, reason)
    if (served?.away != null) run.facts.health.gaps.push(served.away)
  }
  const report = await record.finish(run.facts, { quiet: options.quiet })
  await served?.finish(report, run.status, options.quiet)

  const { interrupted = false } = run.facts.health
  if ((record.incomplete || interrupted) && compiled.failMode === 'closed') {
    const what = interrupted ? 'a part of the agent did not last' : 'the record of it is incomplete'
    say(`the command ended with ${run.status}, but ${what} (fail-mode closed)`)
    return failed
  }
  if (
    options['fail-on'].includes('blocked') &&
    (report.counts.byVerdict['blocked'] ?? 0) + (report.counts.byVerdict['attack-blocked'] ?? 0) > 0
  )
    return failedOn
  if (
    options['fail-on'].includes('detection') &&
    report.detections.some(({ severity }) => severity !== 'info')
  )
    return failedOn
  return run.status
}
