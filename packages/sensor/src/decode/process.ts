import type { Stdio } from '@runwarden/events'
import { exec_flags, exec_record, exit_record, fork_record, record_header } from '../layout.ts'
import type { ExecRecord, ExitRecord, ForkRecord } from '../record.ts'
import { mayNeverAnswer } from '../served.ts'
import { type Batch, deviceName, textOf } from './batch.ts'

const ANY_TRUNCATION = exec_flags.EXEC_ARGV_TRUNCATED | exec_flags.EXEC_ARGV_UNREADABLE

/** struct exec_record at byte `at` of the batch. */
export function decodeExec(batch: Batch, at: number): ExecRecord {
  const { u16, u32 } = batch
  const flags = u16[(at + record_header.flags) >>> 1] as number
  const exeFrom = textOf(at)
  const cwdFrom = exeFrom + (u16[(at + exec_record.exe_size) >>> 1] as number)
  const argvFrom = cwdFrom + (u16[(at + exec_record.cwd_size) >>> 1] as number)
  const argvTo = argvFrom + (u16[(at + exec_record.argv_size) >>> 1] as number)
  const device = deviceName(u32[(at + exec_record.device) >>> 2] as number)
  return {
    kind: 'exec',
    time: batch.wide(at + record_header.time),
    tgid: u32[(at + record_header.tgid) >>> 2] as number,
    start: batch.wide(at + record_header.start),
    execId: batch.identity(at + record_header.tgid, at + record_header.start),
    uid: u32[(at + record_header.uid) >>> 2] as number,
    parentTgid: u32[(at + exec_record.parent_tgid) >>> 2] as number,
    parentExecId: batch.identity(at + exec_record.parent_tgid, at + exec_record.parent_start),
    exe: batch.path(exeFrom, cwdFrom),
    argv: argumentsOf(batch.text(argvFrom, argvTo)),
    argvTruncated: (flags & ANY_TRUNCATION) !== 0,
    cwd: batch.path(cwdFrom, argvFrom),
    inode: `${batch.wide(at + exec_record.inode)}`,
    device,
    served: mayNeverAnswer(u32[(at + exec_record.served) >>> 2] as number, device),
    changed: `${batch.u64[(at + exec_record.changed) >>> 3]}`,
    memfd: (flags & exec_flags.EXEC_MEMFD) !== 0,
    deleted: (flags & exec_flags.EXEC_DELETED) !== 0,
    stdio: stdioOf(u16[(at + exec_record.stdio) >>> 1] as number),
    pathTruncated: (flags & exec_flags.EXEC_PATH_TRUNCATED) !== 0,
    ends: [
      u32[(at + exec_record.ends) >>> 2] as number,
      u32[(at + exec_record.ends + 4) >>> 2] as number,
    ],
    step: u32[(at + exec_record.step) >>> 2] as number,
  }
}

/** By the bits of the file's type (stat.h) and those that bpf/include/stdio.h adds. */
const kinds: Readonly<Record<number, Stdio>> = {
  0x0: 'closed',
  0x1: 'pipe',
  0x2: 'device',
  0x3: 'fifo',
  0x4: 'directory',
  0x6: 'device',
  0x8: 'file',
  0xb: 'loopback',
  0xc: 'socket',
  0xd: 'network',
}

function stdioOf(bits: number): Stdio[] {
  return [0, 4, 8].map((shift) => kinds[(bits >>> shift) & 0xf] ?? 'other')
}

/** The kernel's block of arguments: each ends with a NUL, except a last one that was cut. */
function argumentsOf(block: string): string[] {
  if (block === '') return []
  return (block.endsWith('\0') ? block.slice(0, -1) : block).split('\0')
}

/** struct fork_record */
export function decodeFork(batch: Batch, at: number): ForkRecord {
  const { u32 } = batch
  return {
    kind: 'fork',
    time: batch.wide(at + record_header.time),
    tgid: u32[(at + record_header.tgid) >>> 2] as number,
    start: batch.wide(at + record_header.start),
    execId: batch.identity(at + record_header.tgid, at + record_header.start),
    uid: u32[(at + record_header.uid) >>> 2] as number,
    childTgid: u32[(at + fork_record.child_tgid) >>> 2] as number,
    childStart: batch.wide(at + fork_record.child_start),
    childExecId: batch.identity(at + fork_record.child_tgid, at + fork_record.child_start),
    step: u32[(at + fork_record.step) >>> 2] as number,
  }
}

/** struct exit_record; its status is what wait(2) gives. */
export function decodeExit(batch: Batch, at: number): ExitRecord {
  const { u32 } = batch
  const status = u32[(at + exit_record.status) >>> 2] as number
  const signal = status & 0x7f
  return {
    kind: 'exit',
    time: batch.wide(at + record_header.time),
    tgid: u32[(at + record_header.tgid) >>> 2] as number,
    start: batch.wide(at + record_header.start),
    execId: batch.identity(at + record_header.tgid, at + record_header.start),
    uid: u32[(at + record_header.uid) >>> 2] as number,
    code: signal === 0 ? (status >>> 8) & 0xff : null,
    signal: signal === 0 ? null : signal,
  }
}
