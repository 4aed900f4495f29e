/**
 * What the guard refuses (bpf/include/guard.h), by the number that its records have; a test holds the two together.
 */
export const guard_act = {
  GUARD_MAP: 1,
  GUARD_PROGRAM: 2,
  GUARD_LINK: 3,
  GUARD_ATTACH: 4,
  GUARD_TRACING: 5,
  GUARD_SIGNAL: 6,
  GUARD_TRACE: 7,
  GUARD_CGROUP: 8,
  GUARD_STATE: 9,
  GUARD_FILE: 10,
  GUARD_UNMOUNT: 11,
  GUARD_MOUNT: 12,
  GUARD_KERNEL: 13,
  GUARD_LIMIT: 14,
  GUARD_PROC: 15,
  GUARD_SYSRQ: 16,
  GUARD_SENDER: 17,
} as const
