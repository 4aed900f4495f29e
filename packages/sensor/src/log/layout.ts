/** Where each field of the records of bpf/include/build_log.h is, bytes. A test holds these against the object's BTF. */

/** struct log_file: the key of the map log_files, and a part of each chunk. */
export const log_file = { inode: 0, device: 8 } as const
export const LOG_FILE_BYTES = 16

/** struct log_chunk */
export const log_chunk = {
  tgid: 0,
  flags: 4,
  start: 8,
  time: 16,
  file: 24,
  copied: 40,
  data: 48,
} as const

export const log_flags = { LOG_PAGE: 1, LOG_CUT: 2 } as const

export const log_unread = { LOG_NO_ROOM: 0, LOG_TOO_LONG: 1, LOG_NO_BUFFER: 2 } as const
