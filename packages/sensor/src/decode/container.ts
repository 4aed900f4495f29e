import { container_bits, sandbox_record } from '../layout.ts'
import { type Batch, textOf } from './batch.ts'

/** Namespaces whose numbers the record has, in its order. */
const namespaces = ['user', 'pid', 'net', 'ipc', 'uts'] as const

/** What the program has that is started as a container's first one, or put into it. From the kernel's own objects. */
export interface ContainerRights {
  /** Effective, by their names without CAP_, in lower case. */
  capabilities: string[]
  /** In a user namespace below the machine's: the capabilities are over that only. */
  ownUsers: boolean
  seccomp: 'none' | 'strict' | 'filter'
  noNewPrivileges: boolean
  /** Inode numbers, as in /proc/PID/ns. */
  namespaces: Record<(typeof namespaces)[number], number>
}

/** By number: include/uapi/linux/capability.h. */
const capabilities =
  'chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore'.split(
    ' ',
  )

const modes = ['none', 'strict', 'filter'] as const

/** struct sandbox_record of the change SANDBOX_CONTAINER at byte `at` of the batch. */
export function decodeContainer(batch: Batch, at: number): ContainerRights {
  const effective = [0, 4].map((half) => batch.u32[(at + sandbox_record.args + half) >>> 2] ?? 0)
  const bits = batch.wide(at + sandbox_record.args + 8)
  const numbers = namespaces.map((name, index) => [name, batch.u32[(textOf(at) >>> 2) + index]])
  return {
    capabilities: capabilities.filter(
      (_, number) => ((effective[number >> 5] ?? 0) >>> (number & 31)) & 1,
    ),
    ownUsers: (bits & container_bits.CONTAINER_OWN_USERS) !== 0,
    seccomp: modes[bits & container_bits.CONTAINER_SECCOMP] ?? 'filter',
    noNewPrivileges: (bits & container_bits.CONTAINER_NO_NEW_PRIVS) !== 0,
    namespaces: Object.fromEntries(numbers) as ContainerRights['namespaces'],
  }
}
