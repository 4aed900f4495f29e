import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  statSync,
} from 'node:fs'
import { release } from 'node:os'
import { type ProgramAsk, mostBytes, type Unread } from './contract.ts'

const { O_NOCTTY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants

/** From 6.11 until it was taken back in 6.12.2, what runs could be written to. */
const keepsRunning = !/^6\.(?:11|12\.[01])\D/.test(release())

/** A file that is the one that was started, and holds what it held then. */
export interface OpenProgram {
  fd: number
  stat: BigIntStats
  /** See ProgramReply. */
  ranAt: number | null
}

/**
 * Opens the file that a process was started from: by the process, while it runs it, which finds it also where it has no name, else
 * by its path, as its parent sees it and as we do. Whatever is found is taken only if it is that very file.
 */
export function openProgram(ask: ProgramAsk): OpenProgram | Unread {
  if (isServed(ask)) return 'served'
  const running = take(ask, `/proc/${ask.pid}/exe`, true)
  if (typeof running === 'object' || running === 'large') return running
  if (ask.nameless) return running
  if (ask.young) return running === 'gone' ? 'changed' : running
  let why = running
  for (const root of [`/proc/${ask.parentPid}/root`, '']) {
    const named = take(ask, root + ask.path, false)
    if (typeof named === 'object' || named === 'large') return named
    if (named !== 'gone') why = named
  }
  return why
}

/** Whether a process runs a file, and nobody could write to it meanwhile. */
export function runs(pid: number, { dev, ino }: BigIntStats): boolean {
  try {
    const program = statSync(`/proc/${pid}/exe`, { bigint: true })
    return keepsRunning && program.dev === dev && program.ino === ino
  } catch {
    return false
  }
}

export function millisecondsNow(): number {
  return performance.timeOrigin + performance.now()
}

function take(ask: ProgramAsk, path: string, byProcess: boolean): OpenProgram | Unread {
  let fd = -1
  try {
    // Only a file is opened: opening some devices does something.
    if (!byProcess && !lstatSync(path).isFile()) return 'changed'
    fd = openSync(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | (byProcess ? 0 : O_NOFOLLOW))
    const stat = fstatSync(fd, { bigint: true })
    const why = refused(ask, fd, stat, byProcess)
    if (why !== '') return why
    const shows = `${stat.ctimeNs}` === ask.changed
    const open = { fd, stat, ranAt: shows ? null : millisecondsNow() }
    fd = -1
    return open
  } catch (error) {
    return reasonOf(error)
  } finally {
    if (fd >= 0) closeSync(fd)
  }
}

function refused(ask: ProgramAsk, fd: number, stat: BigIntStats, byProcess: boolean): Unread {
  // Of a process that is another program by now nothing is known of the one that it was.
  if (!stat.isFile() || !isThatFile(ask, fd, stat)) return byProcess ? 'gone' : 'changed'
  const moved = `${stat.ctimeNs}` !== ask.changed
  // What runs cannot be written to: then another name or other rights have moved it.
  if (moved && !(byProcess && keepsRunning)) return 'changed'
  return stat.size > mostBytes ? 'large' : ''
}

function isThatFile({ pid, device, inode }: ProgramAsk, fd: number, stat: BigIntStats): boolean {
  if (`${stat.ino}` === inode && deviceOf(stat.dev) === device) return true
  // On btrfs and overlayfs stat says otherwise than the kernel's own objects.
  const info = readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1')
  if (/^ino:\s*(\d+)/m.exec(info)?.[1] !== inode) return false
  const id = /^mnt_id:\s*(\d+)/m.exec(info)?.[1] ?? ''
  const isOf = (mount: Mount): boolean => mount.id === id && mount.device === device
  return mountsOf('self').some(isOf) || mountsOf(pid).some(isOf)
}

/** User space's dev_t: 12 bits of major from bit 8, minor around it. */
function deviceOf(dev: bigint): string {
  return `${(dev >> 8n) & 0xfffn}:${(dev & 0xffn) | ((dev >> 12n) & 0xfff00n)}`
}

/** A process of the job may be who answers: it can give each reader something else, or let us wait. */
function isServed({ pid, parentPid, device }: ProgramAsk): boolean {
  // Those that FUSE makes have no hardware behind them.
  if (!device.startsWith('0:')) return false
  for (const process of [pid, parentPid, 'self']) {
    const mount = mountsOf(process).find((one) => one.device === device)
    if (mount !== undefined) return mount.type.startsWith('fuse')
  }
  return false
}

interface Mount {
  id: string
  device: string
  type: string
}

function mountsOf(process: number | string): Mount[] {
  let text
  try {
    text = readFileSync(`/proc/${process}/mountinfo`, 'latin1')
  } catch {
    return []
  }
  return text.split('\n').map((line) => {
    const [id = '', , device = ''] = line.split(' ', 3)
    return { id, device, type: line.slice(line.lastIndexOf(' - ') + 3).split(' ', 1)[0] ?? '' }
  })
}

function reasonOf(error: unknown): Unread {
  const code = error instanceof Error && 'code' in error ? error.code : ''
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ESRCH') return 'gone'
  return code === 'ELOOP' ? 'changed' : 'unreadable'
}
