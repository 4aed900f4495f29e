import { z } from 'zod'
import { base } from './base.ts'
import { Truth } from './words.ts'

export const SandboxChange = z.object({
  ...base,
  kind: z.literal('sandbox.change'),
  change: z.enum([
    'mount',
    'unmount',
    'namespace',
    'setns',
    'chroot',
    'ptrace',
    'process-memory',
    // What leads to a core dump: the limit of another process was set; the runner's worker was sent such a signal, or its
    // .NET was reached by the socket by which it can be asked for one.
    'core-limit',
    'core-signal',
    'core-asked',
    // A kernel module, or another kernel (kexec).
    'module',
    // capset, or ports of the machine (iopl, ioperm).
    'capability',
    'cgroup',
    'bpf',
    'io_uring',
    // A connection to a container engine's socket.
    'engine',
    // A device has come to a network namespace of the scope, or packet rules were changed (nf_tables, tc), by whatever way.
    'network-device',
    'packet-rules',
    // A program was started in a mount namespace and a root that its maker has not: `container` says what it has.
    'container',
    // A signal that ends or stops the agent; what the guard refused (tier T2).
    'signal',
    'guard',
  ]),
  /** What exactly, for a person: e.g. `unshare(user, net)`, `mount(/dev/sda1 on /mnt)`. */
  detail: z.string(),
  truth: Truth,
  errno: z.int(),
  /** The process acted upon, where there is one. */
  targetPid: z.int().nullable(),
  container: z
    .object({
      /** Effective ones, without CAP_, in lower case. */
      capabilities: z.array(z.string()),
      /** In a user namespace below the machine's: the capabilities are over that only. */
      ownUsers: z.boolean(),
      seccomp: z.enum(['none', 'strict', 'filter']),
      noNewPrivileges: z.boolean(),
      /** Namespaces that it shares with the job's machine: of `user` `pid` `net` `ipc` `uts`. */
      shares: z.array(z.string()),
      /** What it sees of the machine's file systems, by the path there; null: it was over before that was read. */
      mounts: z
        .array(z.object({ from: z.string(), to: z.string(), readOnly: z.boolean() }))
        .nullable(),
      /** Mounts of the machine that are not among them: at most 64 are told, those of sockets and of the outermost folders first. */
      mountsLeftOut: z.int().optional(),
      /** Whether it can write to /sys; null: it has none, or that was not read. */
      sysWritable: z.boolean().nullable(),
    })
    .optional(),
})
