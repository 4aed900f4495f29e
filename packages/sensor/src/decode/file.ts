import { file_action, file_flags, file_record, process_file, record_header } from '../layout.ts'
import { realPathOf } from '../real-path.ts'
import type { FileAction, FileRecord } from '../record.ts'
import { workerOfCode } from '../worker-code.ts'
import { type Batch, join, textOf } from './batch.ts'
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

/**
 * struct file_record at byte `at` of the batch. undefined: the kernel side could not tell whether it matters, and it
 * does not (neither workspace nor sensitive).
 */
export function decodeFile(batch: Batch, at: number, watch: Watch): FileRecord | undefined {
  const { u8, u16, u32 } = batch
  const flags = u16[(at + record_header.flags) >>> 1] as number
  const code = u8[at + file_record.action] as number
  const from = textOf(at)
  const nameFrom = from + (u16[(at + file_record.path_size) >>> 1] as number)
  const toFrom = nameFrom + (u16[(at + file_record.name_size) >>> 1] as number)
  const toNameFrom = toFrom + (u16[(at + file_record.to_path_size) >>> 1] as number)
  const toNameTo = toNameFrom + (u16[(at + file_record.to_name_size) >>> 1] as number)
  const symbolic = code === file_action.FILE_SYMLINK
  let target = u32[(at + file_record.target) >>> 2] as number
  const ofTarget = processFiles[u8[at + file_record.of_target] as number]
  const device = u32[(at + file_record.device) >>> 2] as number
  const directory = batch.wide(at + file_record.directory)
  // Of an open: where the file is in its own file system, beside how it was reached.
  const own =
    code <= file_action.FILE_CREATE && toFrom !== toNameFrom
      ? watch.below(device, directory, batch.path(toFrom, toNameFrom))
      : null
  let path = symbolic
    ? batch.text(nameFrom, toFrom)
    : named(batch, from, nameFrom, toFrom, (base) =>
        own === null ? watch.below(device, directory, base) : base,
      )
  // By whatever mount of /proc, in whatever pid namespace, and of whichever thread it was opened.
  if (ofTarget !== undefined) path = `/proc/${target}/${ofTarget}`
  const to =
    code >= file_action.FILE_RENAME
      ? named(batch, toFrom, toNameFrom, toNameTo, (base) =>
          watch.below(device, batch.wide(at + file_record.to_directory), base),
        )
      : null
  const action = actions[code] as FileAction
  // What a symbolic link says is text: only where it stands counts.
  const place = symbolic ? (to as string) : path
  const reading = action === 'read'
  const inside =
    (watch.hasWorkspace &&
      (flags & (symbolic ? file_flags.FILE_TO_WORKSPACE : file_flags.FILE_WORKSPACE)) !== 0) ||
    ((flags & file_flags.FILE_USER_NAME) !== 0 && watch.inWorkspace(place))
  const workspace =
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
    const tgid = u32[(at + record_header.tgid) >>> 2] as number
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
  if (sensitive === null && flags & file_flags.FILE_UNSEEN) {
    const real = realPathOf(u32[(at + record_header.tgid) >>> 2] as number, path)
    if (real !== null) sensitive = watch.classify(real, !reading)
    if (sensitive !== null) path = real as string
  }
  const byAction = (flags & file_flags.FILE_BY_ACTION) !== 0
  const beingWritten = (flags & file_flags.FILE_BEING_WRITTEN) !== 0
  if (sensitive === null && (reading || !workspace) && !byAction && !beingWritten) return undefined
  return {
    kind: 'file',
    time: batch.wide(at + record_header.time),
    tgid: u32[(at + record_header.tgid) >>> 2] as number,
    start: batch.wide(at + record_header.start),
    execId: batch.identity(at + record_header.tgid, at + record_header.start),
    uid: u32[(at + record_header.uid) >>> 2] as number,
    action,
    link: links[code] ?? null,
    path,
    to,
    truth: (flags & file_flags.FILE_USER_NAME) === 0 ? 'kernel' : 'user',
    workspace,
    sensitive,
    byAction,
    beingWritten,
    errno: u32[(at + file_record.error) >>> 2] as number,
    uring: (flags & file_flags.FILE_URING) !== 0,
    pathTruncated: (flags & file_flags.FILE_PATH_TRUNCATED) !== 0,
    targetTgid: target === 0 ? null : target,
  }
}

/** Whether struct file_record at byte `at` of the batch is of an open whose file was never seen. */
export function isUnseen(batch: Batch, at: number): boolean {
  return ((batch.u16[(at + record_header.flags) >>> 1] as number) & file_flags.FILE_UNSEEN) !== 0
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
