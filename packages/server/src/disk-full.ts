import { HttpError } from './error.ts'

/** By the file system's word for it, or SQLite's. */
export function isDiskFull(error: unknown): boolean {
  const { code, errcode } = error as { code?: unknown; errcode?: unknown }
  return code === 'ENOSPC' || code === 'EDQUOT' || errcode === 13
}

/** What a caller is told instead: it may come again, and nothing of what it sent is there by half. */
export const diskFull = (): HttpError =>
  new HttpError(
    507,
    'disk-full',
    "the server's disk is full: nothing of this was kept; send it again later",
  )
