import { constants } from 'node:os'
import { guard_act as g } from '../guard-acts.ts'

/** Where a number has two names, the first of them: SIGABRT, not SIGIOT. */
const signalNames = new Map<number, string>(
  Object.entries(constants.signals)
    .toReversed()
    .map(([name, number]) => [number, name]),
)

/** e.g. `SIGKILL`. */
export function signalName(number: number): string {
  return signalNames.get(number) ?? `signal ${number}`
}

/** enum guard_act: what was refused, for a person. */
const refusals: Record<number, (what: number, target: number) => string> = {
  [g.GUARD_MAP]: (id) => `opening map ${id} of Runwarden for writing`,
  [g.GUARD_PROGRAM]: (id) => `opening program ${id} of Runwarden`,
  [g.GUARD_LINK]: (id) => `opening link ${id} of Runwarden`,
  [g.GUARD_ATTACH]: (type) => `attaching a program to a cgroup (hook ${type})`,
  [g.GUARD_TRACING]: (type) => `loading a program that runs in other processes (type ${type})`,
  [g.GUARD_SIGNAL]: (signal) => `sending ${signalName(signal)} to the agent`,
  [g.GUARD_TRACE]: (_, pid) => `reaching into process ${pid}`,
  [g.GUARD_CGROUP]: () => 'writing to a cgroup outside of the scope',
  [g.GUARD_STATE]: (write) =>
    `${write === 0 ? 'looking into' : 'writing to'} the agent's folder in /run/runwarden`,
  [g.GUARD_FILE]: (inode) => `changing a file that the agent runs from (inode ${inode})`,
  [g.GUARD_UNMOUNT]: () => "unmounting the agent's bpf file system, or what holds it",
  [g.GUARD_MOUNT]: (inode) => `mounting over a folder of the agent's (inode ${inode})`,
  [g.GUARD_KERNEL]: (reason) => `changing the running kernel (lockdown reason ${reason})`,
  [g.GUARD_LIMIT]: () => "changing the agent's limits or scheduling",
  [g.GUARD_PROC]: () => "writing to the agent's files in /proc",
  [g.GUARD_SYSRQ]: () => 'writing to /proc/sysrq-trigger',
  [g.GUARD_SENDER]: (type) => `loading a program that can send packets (type ${type})`,
}

/** What the guard refused to a process of the scope, for a person. */
export function refusal(act: number, what: number, target: number): string {
  return refusals[act]?.(what, target) ?? `act ${act}`
}
