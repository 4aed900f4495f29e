import { AgentError, messageOf } from '../errors.ts'
import { findAccount } from '../launcher.ts'
import { accountChanges } from './accounts.ts'
import { contentOf, type Change } from './changes.ts'
import { groupNumbers, groupsOf, requireNoDoors, type Subject } from './confinement.ts'
import {
  endChanges,
  machineChanges,
  socketChanges,
  unitChanges,
  waitForEnd,
} from './engine-changes.ts'
import { enginesAbove } from './engines.ts'
import { placeChanges } from './place-changes.ts'
import { ChangeRecord, describe } from './record.ts'
import { groupsToLose, type Level } from './roads.ts'
import { openRoads } from './self-check.ts'
import { nosuidChange } from './suid-mounts.ts'

/**
 * disable-sudo and disable-sudo-and-containers for a whole machine and one of its accounts, for a runner
 * whose jobs run as that account. Processes that run already are held to it, too.
 */

export interface MachineHardening {
  level: Level
  /** Name of the account that loses its roads to root. */
  user: string
  /** Where the record of what is changed is kept: on a disk of root's, until it is undone. */
  record: string
}

/** How long an engine that is told to end gets, ms. */
const graceMs = 10_000

/**
 * Takes the account's roads to root away, and tries each of them as the account. Called again, it changes only
 * what has come back.
 * @returns what was changed, a few words for each
 * @throws AgentError SUDO_OPEN when a road is still open, others when something can't be changed: then what this
 * call changed is undone, and what could not be undone is said in the error
 */
export async function hardenMachine({
  level,
  user,
  record: path,
}: MachineHardening): Promise<string[]> {
  const subject = subjectOf(level, user)
  const record = ChangeRecord.open(path)
  const kept = record.changes.length
  try {
    for (const step of steps(level, subject)) {
      const ended: number[] = []
      // Each is made before the step goes on: what it looks at next, nobody can change any more.
      for (const change of step()) {
        record.make(change)
        if (change.kind === 'ended') ended.push(change.pid)
      }
      await waitForEnd(ended, graceMs)
    }
    const open = openRoads(level, subject)
    if (open.length > 0) {
      throw new AgentError(
        'SUDO_OPEN',
        `roads to root are still open to user '${user}': ${open.join('; ')}`,
        'end these processes, or set the machine up without these roads',
      )
    }
  } catch (error) {
    const stays = record.undo(kept)
    const what = error instanceof AgentError ? error : undefined
    throw new AgentError(
      what?.code ?? 'HARDEN',
      `${messageOf(error)}${stays.length === 0 ? '; the machine is as it was' : `; and not all is as it was: ${stays.join('; ')}`}`,
      what?.advice ?? 'run as root, with these files writable',
      { cause: error },
    )
  }
  return record.changes.slice(kept).map(describe)
}

/**
 * Undoes all that is on record, to the byte.
 * @returns a sentence for each thing that stays changed, because somebody changed it since or it can't be
 */
export function restoreMachine(record: string): string[] {
  return ChangeRecord.open(record).undo()
}

/** Each looks at the machine when its turn comes. Engines first: they could undo the rest. */
function steps(level: Level, subject: Subject): (() => Iterable<Change>)[] {
  const containers: (() => Change[])[] = [
    unitChanges,
    endChanges,
    machineChanges,
    () => setting('/proc/sys/user/max_user_namespaces', '0'),
  ]
  return [
    ...(level === 'sudo' ? [] : containers),
    // In both: a socket whose server has ended is a file that a new one may come to.
    socketChanges,
    () => {
      requireNoDoors(level, enginesAbove(level, subject.uid))
      return []
    },
    () => accountChanges(level, subject),
    // Before files change their owner, and undone after they have it back.
    () => [nosuidChange()].filter((change) => change !== undefined),
    () => placeChanges(subject),
  ]
}

function setting(path: string, after: string): Change[] {
  const before = Buffer.from(contentOf(path)?.bytes ?? '', 'base64')
    .toString()
    .trim()
  return before === after ? [] : [{ kind: 'setting', path, before, after }]
}

/** @throws AgentError when there is no such account, or one from which nothing can be taken */
function subjectOf(level: Level, user: string): Subject {
  const { name, uid, gid } = findAccount(user)
  const group = Buffer.from(contentOf('/etc/group')?.bytes ?? '', 'base64').toString('latin1')
  if (uid === 0 || groupNumbers(groupsToLose(level), group).has(gid)) {
    throw new AgentError(
      uid === 0 ? 'SUDO_ROOT' : 'SUDO_GROUP',
      `nothing can be taken from user '${name}', ${uid === 0 ? 'who is root' : `whose own group ${gid} is as good as root`}`,
      'run jobs as an ordinary account',
    )
  }
  return { name, uid, gid, groups: groupsOf(name) }
}
