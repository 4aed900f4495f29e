import { type ProgramReply, tickMs, type ToRead, type WasRead } from './contract.ts'
import { millisecondsNow, runs } from './open.ts'

/** Whether what was read is what the file held when it was started. Its file is open still. */
export function judge(file: ToRead, { sha256, unread, size, ctimeNs }: WasRead): ProgramReply {
  const { fd, pid, young, ranAt } = file
  if (sha256 === null) return { sha256, unread, ranAt }
  if (size !== file.size) return { sha256: null, unread: 'changed', ranAt }
  // Its ctime may have moved on before it was opened, but not just then.
  const wasOld = ranAt === null || ranAt - Number(file.ctimeNs) / 1e6 > tickMs
  if (ctimeNs === file.ctimeNs && !young && wasOld) return { sha256, unread, ranAt }
  const stillAt = millisecondsNow()
  return runs(pid, fd)
    ? { sha256, unread, ranAt: stillAt }
    : { sha256: null, unread: 'changed', ranAt: stillAt }
}
