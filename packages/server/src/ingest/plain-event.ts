import { type Event, type EventKind, Stdio, Truth } from '@runwarden/events'

type Value = Readonly<Record<string, unknown>>

const isText = (value: unknown): boolean => typeof value === 'string'
const isTextOrNull = (value: unknown): boolean => value === null || typeof value === 'string'
const isFlag = (value: unknown): boolean => typeof value === 'boolean'
const isInt = Number.isSafeInteger as (value: unknown) => boolean
const isIntOrNull = (value: unknown): boolean => value === null || isInt(value)
const truths: ReadonlySet<unknown> = new Set(Truth.options)
const stdios: ReadonlySet<unknown> = new Set(Stdio.options)

const hasBase = ({ seq, time, scope, execId, forkOf, step, phase }: Value): boolean =>
  isInt(seq) &&
  (seq as number) >= 1 &&
  Number.isFinite(time) &&
  isText(scope) &&
  isTextOrNull(execId) &&
  (forkOf === undefined || isText(forkOf)) &&
  isTextOrNull(step) &&
  (phase === undefined || phase === 'pre' || phase === 'post')

const isFile = ({ path, truth, workspace, sensitive, errno }: Value): boolean =>
  isText(path) && truths.has(truth) && isFlag(workspace) && isTextOrNull(sensitive) && isInt(errno)

const isExec = (value: Value): boolean =>
  isInt(value['pid']) &&
  isTextOrNull(value['parentExecId']) &&
  (value['ancestorExecId'] === undefined || isTextOrNull(value['ancestorExecId'])) &&
  isInt(value['parentPid']) &&
  isInt(value['uid']) &&
  isText(value['exe']) &&
  Array.isArray(value['argv']) &&
  value['argv'].every(isText) &&
  isFlag(value['argvTruncated']) &&
  isText(value['cwd']) &&
  isText(value['inode']) &&
  isText(value['device']) &&
  (value['changed'] === undefined || isText(value['changed'])) &&
  isFlag(value['memfd']) &&
  isFlag(value['deleted']) &&
  (value['stdio'] === undefined ||
    (Array.isArray(value['stdio']) && value['stdio'].every((one) => stdios.has(one))))

const isExit = ({ pid, code, signal }: Value): boolean =>
  isInt(pid) && isIntOrNull(code) && isIntOrNull(signal)

/** Of the kinds that nearly all events are of. */
export const plainKinds: Partial<Record<EventKind, (value: Value) => boolean>> = {
  'file.write': isFile,
  'file.create': isFile,
  'file.delete': isFile,
  'file.read': isFile,
  'process.exec': isExec,
  'process.exit': isExit,
}

/**
 * Whether a value is an event of one of the plain kinds, as the schema has it: told ten times as fast, and nothing is copied. What
 * it says no to may be one still. A test holds it against the schema.
 */
export function isPlainEvent(value: unknown): value is Event {
  if (typeof value !== 'object' || value === null) return false
  const { kind } = value as { kind?: unknown }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- looked up in a table, whatever it is
  const isOfKind = typeof kind === 'string' ? plainKinds[kind as EventKind] : undefined
  return isOfKind !== undefined && isOfKind(value as Value) && hasBase(value as Value)
}
