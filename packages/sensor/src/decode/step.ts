import { readFileSync } from 'node:fs'
import { record_header, step_flags, step_record } from '../layout.ts'
import type {
  AskedRecord,
  ContainedRecord,
  RunningRecord,
  StepRecord,
  WorkerRecord,
} from '../record.ts'
import { type Batch, deviceName, textOf } from './batch.ts'

/**
 * All that is kept of a step's environment. It is a list and not a prefix: GITHUB_TOKEN and the user's own variables
 * that begin alike are secrets.
 */
const kept = new Set([
  'ACTIONS_RUNNER_HOOK_JOB_COMPLETED',
  'ACTIONS_RUNNER_HOOK_JOB_STARTED',
  'GITHUB_ACTION',
  'GITHUB_ACTION_PATH',
  'GITHUB_ACTION_REF',
  'GITHUB_ACTION_REPOSITORY',
  'GITHUB_API_URL',
  'GITHUB_JOB',
  'GITHUB_REPOSITORY',
  'GITHUB_RUN_ATTEMPT',
  'GITHUB_RUN_ID',
  'GITHUB_SERVER_URL',
  'GITHUB_WORKFLOW',
  'RUNNER_NAME',
])
const NAME_MAX = 40
const VALUE_MAX = 512
const ENV_CHUNK = 4096
/** Arguments that are kept: an engine's client has many in front of those that tell it apart. */
const ARGS_MAX = 512
const STARTING_MAX = 64
const NUL = 0
const EQUALS = 0x3d

/** An environment of which more is to come. */
interface Starting {
  environment: Record<string, string>
  argv: string[]
  /** Bytes of arguments from here on. */
  args: number
  /** Where the next part begins. */
  expected: number
  /** The end of the last part: the beginning of a variable. */
  tail: Buffer
  /** The variable goes on, and is none that is kept. */
  passing: boolean
  incomplete: boolean
}

/**
 * What is kept of the environment that a process began with, as /proc has it; empty when it is gone.
 * Its own memory: it may have changed it since.
 */
export function readEnvironment(tgid: number): Readonly<Record<string, string>> {
  const environment: Record<string, string> = {}
  let bytes
  try {
    bytes = readFileSync(`/proc/${tgid}/environ`)
  } catch {
    return environment
  }
  for (let from = 0; from < bytes.length;) {
    const nul = bytes.indexOf(NUL, from)
    const end = nul < 0 ? bytes.length : nul
    keep(environment, bytes.subarray(from, end))
    from = end + 1
  }
  return environment
}

/** Puts the parts of steps' environments together. What is not kept is never copied out of the batch as text. */
export class StepDecoder {
  readonly #starting = new Map<number, Starting>()

  /** struct step_record. @returns the step when this was its last part */
  decode(
    batch: Batch,
    at: number,
  ): StepRecord | WorkerRecord | RunningRecord | ContainedRecord | AskedRecord | undefined {
    const { u16, u32 } = batch
    const flags = u16[(at + record_header.flags) >>> 1] as number
    const who = {
      time: batch.wide(at + record_header.time),
      tgid: u32[(at + record_header.tgid) >>> 2] as number,
      start: batch.wide(at + record_header.start),
      execId: batch.identity(at + record_header.tgid, at + record_header.start),
      uid: u32[(at + record_header.uid) >>> 2] as number,
      parentExecId: batch.identity(at + step_record.parent_tgid, at + step_record.parent_start),
    }
    if (flags & step_flags.STEP_WORKER)
      return {
        kind: 'worker',
        ...who,
        inode: `${batch.wide(at + step_record.inode)}`,
        device: deviceName(u32[(at + step_record.device) >>> 2] as number),
        first: (flags & step_flags.STEP_FIRST) !== 0,
        before: (flags & step_flags.STEP_RUNNING) !== 0,
        known: (flags & step_flags.STEP_KNOWN) !== 0,
        contained: (flags & step_flags.STEP_CONTAINED) !== 0,
      }
    const step = u32[(at + step_record.step) >>> 2] as number
    const offset = u32[(at + step_record.offset) >>> 2] as number
    if (flags & step_flags.STEP_CONTAINED) return { kind: 'contained', ...who, step }
    if (flags & step_flags.STEP_RUNNING) return { kind: 'running', ...who, step, rootTgid: offset }
    const total = u32[(at + step_record.total) >>> 2] as number
    if (flags & step_flags.STEP_ASKED) {
      const asker = batch.wide(at + step_record.parent_start) === 0 ? null : who.parentExecId
      return {
        kind: 'asked',
        ...who,
        asker,
        path: pathOf(batch.text(textOf(at), textOf(at) + total)),
      }
    }
    const starting = this.#starting.get(step) ?? begin()
    const used = Math.min(ENV_CHUNK, total - offset)
    starting.args = (u32[(at + step_record.args) >>> 2] as number) - offset
    const unreadable = (flags & step_flags.STEP_UNREADABLE) !== 0
    if (unreadable || offset !== starting.expected) {
      starting.incomplete = true
      starting.tail = Buffer.alloc(0)
      starting.passing = true
    }
    if (!unreadable) take(starting, batch.buffer.subarray(textOf(at), textOf(at) + used))
    starting.expected = offset + used
    if (offset + ENV_CHUNK <= total) {
      this.#starting.set(step, starting)
      // One whose last part was lost would stay for ever.
      const oldest = this.#starting.keys().next()
      if (this.#starting.size > STARTING_MAX && oldest.done !== true)
        this.#starting.delete(oldest.value)
      return undefined
    }
    this.#starting.delete(step)
    const { environment, argv, incomplete } = starting
    return { kind: 'step', ...who, step, environment, argv, incomplete }
  }
}

/** Of a request that begins so. Query and headers, which may hold secrets, are let go of; so is a path that is cut. */
function pathOf(request: string): string {
  return /^P?OST (\/[^ ?\r\n]*)[ ?]/.exec(request)?.[1] ?? ''
}

function begin(): Starting {
  return {
    environment: {},
    argv: [],
    args: 0,
    expected: 0,
    tail: Buffer.alloc(0),
    passing: false,
    incomplete: false,
  }
}

/** Takes the variables that end within `bytes`, and keeps the beginning of one that does not. */
function take(starting: Starting, bytes: Buffer): void {
  let from = 0
  for (;;) {
    const end = bytes.indexOf(NUL, from)
    const part = bytes.subarray(from, end < 0 ? bytes.length : end)
    if (!starting.passing) {
      const variable =
        starting.tail.length === 0
          ? part
          : Buffer.concat([starting.tail, part.subarray(0, NAME_MAX + VALUE_MAX)])
      if (end >= 0 && starting.args > 0) keepArgument(starting, variable)
      else if (end >= 0) keep(starting.environment, variable)
      else if (starting.args > 0 ? variable.length > VALUE_MAX : isPassed(variable))
        starting.passing = true
      else {
        starting.tail = Buffer.from(variable)
        return
      }
    } else if (end >= 0 && starting.args > 0) keepArgument(starting, Buffer.alloc(0))
    starting.args -= part.length + (end < 0 ? 0 : 1)
    if (end < 0) {
      starting.tail = Buffer.alloc(0)
      return
    }
    starting.passing = false
    starting.tail = Buffer.alloc(0)
    from = end + 1
  }
}

/** The name of a variable that is kept, or undefined. */
function keptName(variable: Buffer): string | undefined {
  const equals = variable.subarray(0, NAME_MAX).indexOf(EQUALS)
  if (equals < 0) return undefined
  const name = variable.toString('latin1', 0, equals)
  return kept.has(name) ? name : undefined
}

/** Whether a variable of which this is the beginning is none that is kept. */
function isPassed(beginning: Buffer): boolean {
  if (beginning.length > NAME_MAX + VALUE_MAX) return true
  const isNamed = beginning.length >= NAME_MAX || beginning.indexOf(EQUALS) >= 0
  return isNamed && keptName(beginning) === undefined
}

function keepArgument({ argv }: Starting, text: Buffer): void {
  if (argv.length < ARGS_MAX) argv.push(text.toString('utf8', 0, VALUE_MAX))
}

/** The first of a name counts: it is what getenv gives. */
function keep(environment: Record<string, string>, variable: Buffer): void {
  const name = keptName(variable)
  if (name === undefined || name in environment) return
  environment[name] = variable.toString('utf8', name.length + 1, name.length + 1 + VALUE_MAX)
}
