import { spawnSync } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { roadsPath } from '@runwarden/libbpf'
import { AgentError } from '../errors.ts'
import { accessOf } from './changes.ts'
import { openConnections } from './connections.ts'
import { groupNumbers, type Subject } from './confinement.ts'
import { enginesAbove, findEngineSockets, openDoors, realPlace } from './engines.ts'
import { holdersOf, readProcesses, type Credentials } from './holders.ts'
import { heldGroups, trustedPlaces, type Level } from './roads.ts'
import { fileViews, suidMountsOf } from './suid-mounts.ts'

/** Commands that succeed for whom they give root's rights without a question. */
const commands = [
  ['sudo', '-n', 'true'],
  ['doas', '-n', 'true'],
  ['pkexec', '--disable-internal-agent', 'true'],
] as const

/**
 * Tries each road as the user, from each place from which the user acts: with the groups and in the mount
 * namespace of every process that it has, and as it would be logged in anew.
 * @returns a sentence for each road that is open
 */
export function openRoads(level: Level, subject: Subject): string[] {
  const processes = readProcesses()
  // An engine of the user's own has the user's rights.
  const sockets = findEngineSockets().filter(
    (path) => level !== 'sudo' || accessOf(path).uid !== subject.uid,
  )
  const groups = groupNumbers(heldGroups, readFileSync('/etc/group', 'utf8'))
  const found = [
    ...holdersOf({ level, uid: subject.uid, groups }, processes, process.pid),
    ...openDoors(enginesAbove(level, subject.uid)),
    ...openConnections(subject.uid, processes, sockets),
    ...fileViews().flatMap((view) =>
      suidMountsOf(view).map((path) => `setuid bits count on ${path} for process ${view.pid}`),
    ),
  ]
  const places = new Map<
    string,
    { pid: number; gid: number; groups: readonly number[]; who: string }
  >()
  places.set('login', { pid: 1, gid: subject.gid, groups: subject.groups, who: 'anew' })
  for (const one of processes.values()) {
    if (!isPlain(one, subject, processes.get(process.pid))) continue
    const { pid, gid, groups, mountNamespace, name } = one
    places.set(`${mountNamespace} ${gid} ${groups.join(',')}`, {
      pid,
      gid,
      groups,
      who: `as process ${pid} (${name})`,
    })
  }
  for (const { pid, gid, groups, who } of places.values()) {
    const words = [
      'nsenter',
      `--mount=/proc/${pid}/ns/mnt`,
      'setpriv',
      `--reuid=${subject.uid}`,
      `--regid=${gid}`,
      groups.length === 0 ? '--clear-groups' : `--groups=${groups.join(',')}`,
      '--inh-caps=-all',
      '--ambient-caps=-all',
      '--',
    ] as const
    for (const sentence of tryAll(level, words, sockets)) found.push(`${who}: ${sentence}`)
  }
  return found
}

/** Whether a process is the user's as far as it matters here: not in a container or user namespace. */
function isPlain(one: Credentials, { uid }: Subject, self: Credentials | undefined): boolean {
  return one.uids[1] === uid && one.userNamespace === self?.userNamespace
}

function tryAll(
  level: Level,
  words: readonly [string, ...string[]],
  sockets: readonly string[],
): string[] {
  const [file, ...args] = words
  const found: string[] = []
  for (const command of commands) {
    if (!isInstalled(command[0])) continue
    const { status } = spawnSync(file, [...args, ...command], { stdio: 'ignore', timeout: 30_000 })
    if (status === 0) found.push(`\`${command.join(' ')}\` succeeds`)
  }
  const roads = [
    ...(level === 'sudo' ? [] : ['--no-user-namespaces']),
    ...sockets.flatMap((path) => ['--socket', path]),
    ...trustedPlaces
      .flatMap((path) => realPlace(path) ?? [])
      .flatMap((path) => ['--read-only', path]),
  ]
  const program = openSync(roadsPath, 'r')
  try {
    const { status, stdout, stderr, error } = spawnSync(
      file,
      [...args, '/proc/self/fd/3', ...roads],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe', program], timeout: 30_000 },
    )
    if (status !== 0 && (status !== 1 || stdout === '')) {
      throw new AgentError(
        'SUDO_UNTRIED',
        `whether the roads to root are shut cannot be tried: ${error?.message ?? stderr.trim()}`,
        'run as root, with setpriv and nsenter (util-linux) installed',
      )
    }
    found.push(...stdout.split('\n').filter(Boolean))
  } finally {
    closeSync(program)
  }
  return found
}

function isInstalled(program: string): boolean {
  return spawnSync('sh', ['-c', 'command -v "$1"', 'sh', program], { stdio: 'ignore' }).status === 0
}
