import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, openSync, readFileSync, statSync } from 'node:fs'
import { confinePath, roadsPath } from '@runwarden/libbpf'
import { AgentError, messageOf } from '../errors.ts'
import { findEngines, findEngineSockets, openDoors, realPlace, type Engine } from './engines.ts'
import { makeableIn } from './place-changes.ts'
import { engineFolders, groupsToLose, serviceSockets, trustedPlaces, type Level } from './roads.ts'

/** What shuts one command in, so that nothing that it does gives it more rights. */
export interface Confinement {
  level: Level
  /** Words in front of the command that make its namespaces: see native/confine.c. */
  shell: readonly [string, ...string[]]
  /** Options of setpriv(1) that take groups, capabilities and setuid programs away. */
  privileges: readonly string[]
  /** Options of native/roads.c: what must be shut. */
  roads: readonly string[]
}

/** A user of this machine, and the groups that it is in. */
export interface Subject {
  name: string
  uid: number
  gid: number
  /** Numbers of all its groups, its own among them. */
  groups: readonly number[]
}

const useAccount = 'name an ordinary account of this machine with --user'

/** Numbers of the groups of these names, from the text of /etc/group. */
export function groupNumbers(names: readonly string[], text: string): Set<number> {
  const found = new Set<number>()
  for (const line of text.split('\n')) {
    const [name, , gid] = line.split(':')
    if (name !== undefined && gid !== undefined && names.includes(name)) found.add(Number(gid))
  }
  return found
}

/** All groups of a user, wherever the machine keeps them. @throws AgentError */
export function groupsOf(name: string): number[] {
  try {
    return execFileSync('id', ['-G', '--', name], { encoding: 'utf8' })
      .trim()
      .split(' ')
      .map(Number)
  } catch (error) {
    throw new AgentError(
      'NO_GROUPS',
      `the groups of user '${name}' are not known: ${messageOf(error)}`,
      useAccount,
      { cause: error },
    )
  }
}

/**
 * How a command of this user is shut in.
 * @throws AgentError SUDO_ROOT when it would run as root, from whom nothing can be taken that it can't take
 * back; SUDO_GROUP, SUDO_ENGINE when a road stays open on this machine.
 */
export function planConfinement(level: Level, subject: Subject | undefined): Confinement {
  if (subject === undefined || subject.uid === 0) {
    throw new AgentError(
      'SUDO_ROOT',
      `${switchOf(level)} is on and the command would run as root, who needs no sudo`,
      useAccount,
    )
  }
  const engines = findEngines()
  requireNoDoors(level, engines)
  const sockets = findEngineSockets(engines)
  const lost = groupNumbers(groupsToLose(level), readFileSync('/etc/group', 'utf8'))
  // An engine's group, whatever its name.
  for (const path of sockets) {
    const { uid, gid, mode } = statSync(path)
    if (uid === 0 && gid !== subject.gid && (mode & 0o020) !== 0) lost.add(gid)
  }
  if (lost.has(subject.gid)) {
    throw new AgentError(
      'SUDO_GROUP',
      `${switchOf(level)} is on, and group ${subject.gid}, which user '${subject.name}' has as its own, is as good as root`,
      `give the account another group (usermod --gid), or ${useAccount}`,
    )
  }
  const kept = subject.groups.filter((gid) => !lost.has(gid) && gid !== subject.gid)
  const masked = [
    ...new Set([...sockets, ...serviceSockets.flatMap((path) => realPlace(path) ?? [])]),
  ]
  const folders = engineFolders.flatMap((path) => realPlace(path) ?? [])
  const runtime = realPlace(`/run/user/${subject.uid}`)
  // One that is not there yet could be made.
  const places = [
    ...new Set(trustedPlaces.flatMap((path) => realPlace(path) ?? makeableIn(path, subject))),
  ]
  const inFolder = (path: string): boolean =>
    folders.some((folder) => path.startsWith(`${folder}/`))
  const noUserNamespaces = level === 'sudo' ? [] : ['--no-user-namespaces']
  return {
    level,
    shell: [
      confinePath,
      ...noUserNamespaces,
      ...masked.flatMap((path) => (inFolder(path) ? [] : ['--mask', path])),
      ...folders.flatMap((path) => ['--empty', `${path}:0:0`]),
      // The user's own services: what they start for it, they start outside.
      ...(runtime === undefined ? [] : ['--empty', `${runtime}:${subject.uid}:${subject.gid}`]),
      ...places.flatMap((path) => ['--read-only', path]),
      '--',
    ],
    privileges: [
      `--reuid=${subject.uid}`,
      `--regid=${subject.gid}`,
      kept.length === 0 ? '--clear-groups' : `--groups=${kept.join(',')}`,
      '--no-new-privs',
      '--bounding-set=-all',
      '--inh-caps=-all',
      '--ambient-caps=-all',
    ],
    roads: [
      '--confined',
      ...noUserNamespaces,
      ...[...lost].flatMap((gid) => ['--group', String(gid)]),
      ...masked.flatMap((path) => ['--socket', path]),
      ...places.flatMap((path) => ['--read-only', path]),
    ],
  }
}

/**
 * Tries, as the command will run, whether the roads are shut. Nothing of the command has run by then.
 * @throws AgentError SUDO_OPEN that names each that is open; SUDO_UNTRIED when it could not be tried
 */
export function requireConfined(confinement: Confinement): void {
  const { shell, privileges, roads } = confinement
  const [file, ...args] = shell
  const program = openSync(roadsPath, 'r')
  try {
    const { status, stdout, stderr, error } = spawnSync(
      file,
      [...args, 'setpriv', ...privileges, '--', '/proc/self/fd/3', ...roads],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe', program] },
    )
    if (status === 0) return
    const open = stdout.trim().replaceAll('\n', '; ')
    if (status === 1 && open !== '') {
      throw new AgentError(
        'SUDO_OPEN',
        `${switchOf(confinement.level)} is on, and a road to root is still open: ${open}`,
        'close it on this machine, or leave the switch out of the policy',
      )
    }
    throw new AgentError(
      'SUDO_UNTRIED',
      `${switchOf(confinement.level)} is on, and the command cannot be shut in: ${error?.message ?? stderr.trim()}`,
      'let this machine make mount and user namespaces as root (user.max_user_namespaces above 0)',
    )
  } finally {
    closeSync(program)
  }
}

/** @throws AgentError SUDO_ENGINE when one of these engines takes orders where nothing can keep a user off */
export function requireNoDoors(level: Level, engines: readonly Engine[]): void {
  const open = openDoors(engines)
  if (open.length === 0) return
  throw new AgentError(
    'SUDO_ENGINE',
    `${switchOf(level)} is on, and ${open.join('; ')}`,
    'have the engine listen on a unix socket with a path only',
  )
}

function switchOf(level: Level): string {
  return level === 'sudo' ? 'disable-sudo' : 'disable-sudo-and-containers'
}
