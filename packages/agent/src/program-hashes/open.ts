import { type BigIntStats, closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { release } from 'node:os'
import { keptStat } from '@runwarden/libbpf'
import { mountsOf, openNamedFile, openProcessFile } from '@runwarden/sensor'
import { type ProgramAsk, mostBytes, type Unread } from './contract.ts'

/** Opens without touching: the file system is not asked. */
const O_PATH = 0o10000000

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
  // A process of the job may be who answers: it can give each reader something else, or let us wait.
  if (ask.served) return 'served'
  const { pid, parentPid, path, device } = ask
  const running = take(ask, true, () => openProcessFile({ pid, link: 'exe', device }))
  if (typeof running === 'object' || running === 'large') return running
  if (ask.nameless) return running
  if (ask.young) return running === 'gone' ? 'changed' : running
  let why = running
  for (const seenBy of [parentPid, undefined]) {
    const named = take(ask, false, () => openNamedFile({ path, pid: seenBy, device }))
    if (typeof named === 'object' || named === 'large') return named
    if (named !== 'gone') why = named
  }
  return why
}

/** Whether a process runs an open file, and nobody could write to it meanwhile. */
export function runs(pid: number, file: number): boolean {
  let program
  try {
    program = openSync(`/proc/${pid}/exe`, O_PATH)
  } catch {
    return false
  }
  const running = keptStat(program)
  const read = keptStat(file)
  closeSync(program)
  return keepsRunning && running?.device === read?.device && running?.inode === read?.inode
}

export function millisecondsNow(): number {
  return performance.timeOrigin + performance.now()
}

function take(
  ask: ProgramAsk,
  byProcess: boolean,
  open: () => number | undefined,
): OpenProgram | Unread {
  let fd
  try {
    fd = open()
    // No file, or one that may never answer: another one is there.
    if (fd === undefined) return byProcess ? 'gone' : 'changed'
    const stat = fstatSync(fd, { bigint: true })
    const why = refused(ask, fd, stat, byProcess)
    if (why !== '') return why
    const shows = `${stat.ctimeNs}` === ask.changed
    const taken = { fd, stat, ranAt: shows ? null : millisecondsNow() }
    fd = undefined
    return taken
  } catch (error) {
    return reasonOf(error)
  } finally {
    if (fd !== undefined) closeSync(fd)
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
  const isOf = (mount: { id: string; device: string }): boolean =>
    mount.id === id && mount.device === device
  return mountsOf('self').some(isOf) || mountsOf(pid).some(isOf)
}

/** User space's dev_t: 12 bits of major from bit 8, minor around it. */
function deviceOf(dev: bigint): string {
  return `${(dev >> 8n) & 0xfffn}:${(dev & 0xffn) | ((dev >> 12n) & 0xfff00n)}`
}

function reasonOf(error: unknown): Unread {
  const code = error instanceof Error && 'code' in error ? error.code : ''
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ESRCH') return 'gone'
  return code === 'ELOOP' ? 'changed' : 'unreadable'
}
