import { file_action, file_flags, file_record, process_file, record_header } from '../layout.ts'
import type { FileAction, FileRecord } from '../record.ts'
import { workerOfCode } from '../worker-code.ts'
import { type Batch, join, textOf } from './batch.ts'
import type { RealPaths } from './real-paths.ts'
import type { Watch } from '../watch.ts'

const actions: Record<number, FileAction> = {
  [file_action.FILE_READ]: 'read',
  [file_action.FILE_WRITE]: 'write',
  [file_action.FILE_CREATE]: 'create',
  [file_action.FILE_DELETE]: 'delete',
  [file_action.FILE_RENAME]: 'rename',
  [file_action.FILE_LINK]: 'rename',
  [file_action.FILE_SYMLINK]: 'rename',
}

const links: Record<number, 'rename' | 'hard' | 'symbolic'> = {
  [file_action.FILE_RENAME]: 'rename',
  [file_action.FILE_LINK]: 'hard',
  [file_action.FILE_SYMLINK]: 'symbolic',
}

const processFiles: Record<number, string> = {
  [process_file.PROCESS_MEMORY]: 'mem',
  [process_file.PROCESS_ENVIRONMENT]: 'environ',
}

/** Flag of linkat: where its first name is a link, what that leads to. */
const AT_SYMLINK_FOLLOW = 0x400

/**
 * struct file_record at byte `at` of the batch. undefined: the kernel side could not tell whether it matters, and it
 * does not (neither workspace nor sensitive). 'unseen': nobody can tell.
 */
export function decodeFile(
  batch: Batch,
  at: number,
  watch: Watch,
  paths: RealPaths,
): FileRecord | 'unseen' | undefined {
  const { u8, u16, u32 } = batch
  const flags = u16[(at + record_header.flags) >>> 1] as number
  const code = u8[at + file_record.action] as number
  const from = textOf(at)
  const nameFrom = from + (u16[(at + file_record.path_size) >>> 1] as number)
  const toFrom = nameFrom + (u16[(at + file_record.name_size) >>> 1] as number)
  const toNameFrom = toFrom + (u16[(at + file_record.to_path_size) >>> 1] as number)
  const toNameTo = toNameFrom + (u16[(at + file_record.to_name_size) >>> 1] as number)
  const tgid = u32[(at + record_header.tgid) >>> 2] as number
  const symbolic = code === file_action.FILE_SYMLINK
  let target = u32[(at + file_record.target) >>> 2] as number
  const ofTarget = processFiles[u8[at + file_record.of_target] as number]
  const device = u32[(at + file_record.device) >>> 2] as number
  const directory = batch.wide(at + file_record.directory)
  // Of an open: where the file is in its own file system, beside how it was reached.
  const unseen = (flags & file_flags.FILE_UNSEEN) !== 0
  const own =
    code <= file_action.FILE_CREATE && !unseen && toFrom !== toNameFrom
      ? watch.below(device, directory, batch.path(toFrom, toNameFrom))
      : null
  const wholeFrom = (base: string): string =>
    own === null ? watch.below(device, directory, base) : base
  const wholeTo = (base: string): string =>
    watch.below(device, batch.wide(at + file_record.to_directory), base)
  let path = symbolic
    ? batch.text(nameFrom, toFrom)
    : named(batch, from, nameFrom, toFrom, wholeFrom)
  // By whatever mount of /proc, in whatever pid namespace, and of whichever thread it was opened.
  if (ofTarget !== undefined) path = `/proc/${target}/${ofTarget}`
  let to =
    code >= file_action.FILE_RENAME ? named(batch, toFrom, toNameFrom, toNameTo, wholeTo) : null
  const action = actions[code] as FileAction
  // What a symbolic link says is text: only where it stands counts.
  const place = symbolic ? (to as string) : path
  const reading = action === 'read'
  const inside =
    (watch.hasWorkspace &&
      (flags & (symbolic ? file_flags.FILE_TO_WORKSPACE : file_flags.FILE_WORKSPACE)) !== 0) ||
    ((flags & file_flags.FILE_USER_NAME) !== 0 && watch.inWorkspace(place))
  let workspace =
    inside ||
    (to !== null && ((flags & file_flags.FILE_TO_WORKSPACE) !== 0 || watch.inWorkspace(to)))
  let sensitive = watch.classify(place, !reading)
  if (own !== null) {
    const stacked = (flags & file_flags.FILE_STACKED) !== 0
    // What is below has the class by its own place, or else the open above was told.
    if (stacked && sensitive !== null && !inside) return undefined
    const byPlace = watch.classify(own, !reading)
    if (stacked || (directory !== 0 && (inside || (sensitive === null && byPlace !== null))))
      path = own
    sensitive ??= byPlace
  }
  if (u8[at + file_record.of_target] === process_file.PROCESS_CODE) {
    const worker = workerOfCode(batch.wide(at + file_record.inode), tgid)
    if (worker) {
      ;({ pid: target, path } = worker)
      sensitive = 'process-memory'
    }
  }
  if (sensitive === null && to !== null && !symbolic) sensitive = watch.classify(to, true)
  if (sensitive === null && flags & file_flags.FILE_WATCHED) {
    sensitive = watch.classOfInode(device, batch.wide(at + file_record.inode))
  }
  if (sensitive === null && code === file_action.FILE_RENAME)
    sensitive = watch.classOfFolder(path) ?? watch.classOfFolder(to as string)
  if (flags & file_flags.FILE_NAMELESS) {
    path = `/…/inode-${batch.wide(at + file_record.inode)}`
    sensitive ??= 'opened-by-handle'
  }
  // A name that was not followed by the kernel side: whether it can be told what it leads to.
  let isKnown = !unseen && (flags & file_flags.FILE_PATH_TRUNCATED) === 0
  if (flags & file_flags.FILE_USER_NAME) {
    const opens = unseen || (flags & file_flags.FILE_FAILED_OPEN) !== 0
    const linked = code === file_action.FILE_LINK && batch.wide(at + file_record.open_flags)
    const follows = opens || action === 'write' || ((linked || 0) & AT_SYMLINK_FOLLOW) !== 0
    const leadsTo = (base: string, text: string, follow: boolean): string | null => {
      if (text === '' || !(follow || text.includes('/'))) return null
      const real = paths.of(tgid, `${base}/${text}`, follow)
      if (real === undefined) isKnown = false
      return real ?? null
    }
    const matters = (real: string): boolean => {
      const found = watch.classify(real, !reading)
      const isInside = !reading && watch.inWorkspace(real)
      sensitive ??= found
      workspace ||= isInside
      return found !== null || isInside
    }
    const real = symbolic
      ? null
      : leadsTo(wholeFrom(batch.path(from, nameFrom)), batch.text(nameFrom, toFrom), follows)
    if (unseen && toFrom < toNameFrom) {
      // What was found in the open's place has the very name that was asked for, without a link on the way; or it has been told itself.
      const found = batch.path(toFrom, toNameFrom)
      const isAsked = found === path && !batch.text(nameFrom, toFrom).includes('..')
      if (isAsked || (found === real && matters(found))) return undefined
    }
    if (real !== null && real !== path && matters(real)) path = real
    const realTo =
      to === null
        ? null
        : leadsTo(wholeTo(batch.path(toFrom, toNameFrom)), batch.text(toNameFrom, toNameTo), false)
    if (realTo !== null && realTo !== to && matters(realTo)) to = realTo
  }
  // Of a read the kernel side does not look where it is.
  const within = workspace || (reading && sensitive !== null && watch.inWorkspace(path))
  const byAction = (flags & file_flags.FILE_BY_ACTION) !== 0
  const beingWritten = (flags & file_flags.FILE_BEING_WRITTEN) !== 0
  const errno = u32[(at + file_record.error) >>> 2] as number
  if (sensitive === null && (reading || !workspace) && !byAction && !beingWritten)
    return isKnown || errno !== 0 ? undefined : 'unseen'
  return {
    kind: 'file',
    time: batch.wide(at + record_header.time),
    tgid,
    start: batch.wide(at + record_header.start),
    execId: batch.identity(at + record_header.tgid, at + record_header.start),
    uid: u32[(at + record_header.uid) >>> 2] as number,
    action,
    link: links[code] ?? null,
    path,
    to,
    truth: (flags & file_flags.FILE_USER_NAME) === 0 ? 'kernel' : 'user',
    workspace: within,
    sensitive,
    byAction,
    beingWritten,
    errno,
    uring: (flags & file_flags.FILE_URING) !== 0,
    pathTruncated: (flags & file_flags.FILE_PATH_TRUNCATED) !== 0,
    targetTgid: target === 0 ? null : target,
  }
}

/** A path of the kernel's walk, and the name that was looked up from there, if one was. */
export function named(
  batch: Batch,
  from: number,
  nameFrom: number,
  nameTo: number,
  whole = (base: string): string => base,
): string {
  const base = whole(batch.path(from, nameFrom))
  return nameFrom === nameTo ? base : join(base, batch.text(nameFrom, nameTo))
}
