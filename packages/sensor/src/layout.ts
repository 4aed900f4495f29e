/**
 * Where each field of the kernel side's records is: bpf/include/record.h and observe.h, byte
 * offsets from the record's begin. A test holds these against the BTF of the built object.
 */

export const kinds = {
  exec: 1,
  fork: 2,
  exit: 3,
  file: 4,
  sandbox: 5,
  connect: 6,
  step: 7,
} as const

/** struct record_header */
export const record_header = {
  kind: 0,
  flags: 2,
  size: 4,
  time: 8,
  start: 16,
  tgid: 24,
  uid: 28,
} as const

/** struct exec_record */
export const exec_record = {
  exe_size: 32,
  cwd_size: 34,
  argv_size: 36,
  stdio: 38,
  inode: 40,
  parent_start: 48,
  device: 56,
  parent_tgid: 60,
  ends: 64,
  step: 72,
  served: 76,
  changed: 80,
} as const

/** struct fork_record */
export const fork_record = { child_start: 32, child_tgid: 40, step: 44 } as const

/** struct step_record */
export const step_record = {
  step: 32,
  offset: 36,
  total: 40,
  parent_tgid: 44,
  parent_start: 48,
  inode: 56,
  device: 64,
  args: 68,
} as const

/** struct exit_record */
export const exit_record = { status: 32 } as const

/** struct file_record */
export const file_record = {
  path_size: 32,
  name_size: 34,
  to_path_size: 36,
  to_name_size: 38,
  inode: 40,
  device: 48,
  target: 52,
  error: 56,
  action: 60,
  of_target: 61,
  mode: 62,
  open_flags: 64,
  directory: 72,
  to_directory: 80,
} as const

/** struct sandbox_record */
export const sandbox_record = {
  size: 32,
  args: 40,
  result: 64,
  change: 72,
  target: 76,
} as const

/** Where the strings of exec, step, file and sandbox records begin. */
export const TEXT_OFFSET = 88

/** Sizes of the fixed parts, by struct. */
export const sizes = {
  record_header: 32,
  exec_record: TEXT_OFFSET,
  fork_record: 48,
  exit_record: 40,
  step_record: TEXT_OFFSET,
  file_record: TEXT_OFFSET,
  sandbox_record: TEXT_OFFSET,
  watch_key: 16,
  watch_name: 32,
} as const

/** struct watch_key and struct watch_name: keys of the maps that say what is watched. */
export const watch_key = { device: 0, inode: 8 } as const
export const NAME_KEPT = 31

export const exec_flags = {
  EXEC_MEMFD: 1,
  EXEC_DELETED: 2,
  EXEC_ARGV_TRUNCATED: 4,
  EXEC_PATH_TRUNCATED: 8,
  EXEC_ARGV_UNREADABLE: 16,
} as const

export const step_flags = {
  STEP_WORKER: 1,
  STEP_FIRST: 2,
  STEP_UNREADABLE: 4,
  STEP_RUNNING: 8,
  STEP_CONTAINED: 16,
  STEP_ASKED: 32,
  STEP_KNOWN: 64,
} as const

export const file_flags = {
  FILE_WORKSPACE: 1,
  FILE_WATCHED: 2,
  FILE_USER_NAME: 4,
  FILE_PATH_TRUNCATED: 8,
  FILE_DELETED: 16,
  FILE_UNREACHABLE: 32,
  FILE_TO_WORKSPACE: 64,
  FILE_URING: 128,
  FILE_CREATED: 256,
  FILE_FAILED_OPEN: 512,
  FILE_BY_ACTION: 1024,
  FILE_BEING_WRITTEN: 2048,
  FILE_UNSEEN: 4096,
  FILE_STACKED: 8192,
  FILE_NAMELESS: 16384,
} as const

export const process_file = {
  PROCESS_MEMORY: 1,
  PROCESS_ENVIRONMENT: 2,
  PROCESS_CODE: 3,
} as const

export const file_action = {
  FILE_READ: 1,
  FILE_WRITE: 2,
  FILE_CREATE: 3,
  FILE_DELETE: 4,
  FILE_RENAME: 5,
  FILE_LINK: 6,
  FILE_SYMLINK: 7,
} as const

export const sandbox_flags = {
  SANDBOX_USER_TEXT: 1,
  SANDBOX_USER_PID: 2,
  SANDBOX_TRUNCATED: 4,
} as const

export const sandbox_change = {
  SANDBOX_UNSHARE: 1,
  SANDBOX_SETNS: 2,
  SANDBOX_CLONE: 3,
  SANDBOX_MOUNT: 4,
  SANDBOX_UMOUNT: 5,
  SANDBOX_MOVE_MOUNT: 6,
  SANDBOX_PIVOT_ROOT: 7,
  SANDBOX_CHROOT: 8,
  SANDBOX_PTRACE: 9,
  SANDBOX_MEMORY_READ: 10,
  SANDBOX_MEMORY_WRITE: 11,
  SANDBOX_PIDFD_GETFD: 12,
  SANDBOX_INIT_MODULE: 13,
  SANDBOX_FINIT_MODULE: 14,
  SANDBOX_DELETE_MODULE: 15,
  SANDBOX_BPF: 16,
  SANDBOX_CAPSET: 17,
  SANDBOX_IO_URING_SETUP: 18,
  SANDBOX_CGROUP_LEFT: 19,
  SANDBOX_FSMOUNT: 20,
  SANDBOX_OPEN_TREE: 21,
  SANDBOX_MOUNT_SETATTR: 22,
  SANDBOX_SIGNAL: 23,
  SANDBOX_GUARD: 24,
  SANDBOX_ENGINE: 25,
  SANDBOX_CONTAINER: 26,
  SANDBOX_CORE_LIMIT: 27,
  SANDBOX_CORE_SIGNAL: 28,
  SANDBOX_CORE_ASKED: 29,
  SANDBOX_KEXEC: 30,
  SANDBOX_PORTS: 31,
} as const

export const container_bits = {
  CONTAINER_SECCOMP: 3,
  CONTAINER_NO_NEW_PRIVS: 4,
  CONTAINER_OWN_USERS: 8,
} as const

export const watch_bits = {
  WATCH_WORKSPACE: 1,
  WATCH_BELOW: 2,
  WATCH_FILE: 4,
  WATCH_LEAF_READ: 8,
  WATCH_LEAF_WRITE: 16,
  WATCH_DIR_READ: 32,
  WATCH_DIR_WRITE: 64,
  WATCH_BY_ACTION: 128,
  WATCH_BEING_WRITTEN: 256,
  WATCH_CODE: 512,
  WATCH_PLACE: 1024,
  WATCH_NAMELESS: 2048,
} as const
