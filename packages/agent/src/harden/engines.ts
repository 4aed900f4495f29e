import { readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs'
import { engineNames, engineSockets, type Level } from './roads.ts'

/** A container or machine engine that runs. */
export interface Engine {
  pid: number
  name: string
  /** Whose it is. */
  uid: number
  /** Paths of unix sockets on which it listens. */
  sockets: readonly string[]
  /** Names of those that have no path (abstract ones), as `@name`: no permissions and no mount keep anybody off. */
  names: readonly string[]
  /** TCP ports on which it listens. */
  ports: readonly number[]
}

/** `PATH` or `@NAME` of each listening unix socket by its inode, from the text of /proc/net/unix. */
export function listeningSockets(text: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const line of text.split('\n').slice(1)) {
    // Num: RefCount Protocol Flags Type St Inode Path; a path may hold blanks.
    const fields = /^\S+: \S+ \S+ (\S+) \S+ \S+ +(\d+) (.+)$/.exec(line)
    // __SO_ACCEPTCON: it listens.
    if (fields !== null && (Number.parseInt(fields[1]!, 16) & 0x10000) !== 0)
      found.set(fields[2]!, fields[3]!)
  }
  return found
}

/** Port of each listening TCP socket by its inode, from the text of /proc/net/tcp or tcp6. */
export function listeningPorts(text: string): Map<string, number> {
  const found = new Map<string, number>()
  for (const line of text.split('\n').slice(1)) {
    const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/)
    if (state === '0A' && inode !== undefined)
      found.set(inode, Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16))
  }
  return found
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // A process that has ended, or a kernel without IPv6.
    return ''
  }
}

/** Inodes of the sockets that a process has open; none when it has ended. */
export function socketInodes(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? []
      } catch {
        return []
      }
    })
  } catch {
    return []
  }
}

/**
 * Whether a process runs. One that has ended has no program, though its entry may wait for its parent. One that was killed runs nothing of
 * its own again, also while the kernel still waits in its name: for who serves a file system, that may be as long as that one likes.
 */
export function isRunning(pid: number): boolean {
  try {
    readlinkSync(`/proc/${pid}/exe`)
  } catch {
    return false
  }
  const pending = /^SigPnd:\t([0-9a-f]+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? '0'
  return (Number.parseInt(pending.slice(-8), 16) & sigkill) === 0
}

/** SIGKILL among signals that wait, as /proc has them. */
const sigkill = 1 << 8

/** The engines of this machine, by the names of their processes. */
export function findEngines(): Engine[] {
  const found: Engine[] = []
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const name = read(`/proc/${pid}/comm`).trim()
    if (!engineNames.has(name) || !isRunning(Number(pid))) continue
    // The lists of the network namespace that it is in.
    const listening = listeningSockets(read(`/proc/${pid}/net/unix`))
    const ports = new Map([
      ...listeningPorts(read(`/proc/${pid}/net/tcp`)),
      ...listeningPorts(read(`/proc/${pid}/net/tcp6`)),
    ])
    const inodes = socketInodes(pid)
    const sockets = inodes.flatMap((inode) => listening.get(inode) ?? [])
    found.push({
      pid: Number(pid),
      name,
      // Not the owner of its folder in /proc: that is root for all that forbid core dumps.
      uid: Number(/^Uid:\t\d+\t(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0),
      sockets: sockets.filter((path) => path.startsWith('/')),
      names: [...new Set(sockets.filter((path) => !path.startsWith('/')))],
      ports: [...new Set(inodes.flatMap((inode) => ports.get(inode) ?? []))],
    })
  }
  return found
}

/**
 * Where engines take orders of whoever comes: no permissions of files and no mounts keep anybody off.
 * @returns a sentence for each
 */
export function openDoors(engines: readonly Engine[]): string[] {
  return engines.flatMap(({ pid, name, ports, names }) => {
    const doors = [
      ...(ownPorts.has(name) ? [] : ports.map((port) => `TCP port ${port}`)),
      ...(ownNames.has(name) ? [] : names.map((socket) => `socket ${socket}, which is no file`)),
    ]
    return doors.map((door) => `${name} (process ${pid}) takes orders on ${door}`)
  })
}

/** containerd's port is for streams that its socket hands out, behind a token. */
const ownPorts: ReadonlySet<string> = new Set(['containerd'])
/** Their database's, which answers nobody but the process itself. */
const ownNames: ReadonlySet<string> = new Set(['lxd', 'incusd'])

/** The engines that a user can get more rights from: with sudo alone gone, those of its own have the user's. */
export function enginesAbove(level: Level, uid: number): Engine[] {
  return findEngines().filter((engine) => level !== 'sudo' || engine.uid !== uid)
}

/** Where links lead in the end; undefined: there is nothing. */
export function realPlace(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}

/** Real paths of the sockets on which engines listen or usually do, as far as they exist. */
export function findEngineSockets(engines: readonly Engine[] = findEngines()): string[] {
  // Root's. Whoever else calls himself an engine may have put a link there, to any service's socket; his own is no road to root.
  const own = engines.filter(({ uid }) => uid === 0).flatMap(({ sockets }) => sockets)
  const paths = [...engineSockets, ...own]
  return [...new Set(paths.flatMap((path) => realPlace(path) ?? []))].filter((path) =>
    statSync(path, { throwIfNoEntry: false })?.isSocket(),
  )
}
