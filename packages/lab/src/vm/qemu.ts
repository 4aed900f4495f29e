import type { Kernel } from './kernels.ts'

export interface Machine {
  memoryMb: number
  cpus: number
  /** The lsm= list of the command line; fentry and LSM programs need "bpf" in it. */
  lsm: string
}

/** The file descriptor in qemu that carries the guest's virtio port. */
export const portDescriptor = 3

/** The emulator for a kernel and its arguments. Emulated, since KVM is often missing in CI. */
export function qemu(kernel: Kernel, initrd: string, machine: Machine): [string, string[]] {
  const [program, board, cpu, console] =
    kernel.architecture === 'amd64'
      ? // With these bits the kernel clears and copies memory byte by byte, which is emulated so.
        ['qemu-system-x86_64', 'q35', 'max,-erms,-fsrm', 'ttyS0']
      : // Pointer authentication by the architecture's own cipher would take most of the time.
        ['qemu-system-aarch64', 'virt', 'max,pauth-impdef=on', 'ttyAMA0']
  const commandLine = [
    `console=${console}`,
    'quiet',
    'loglevel=4',
    // With -no-reboot a panic ends qemu.
    'panic=-1',
    'rdinit=/init',
    // tmpfs, the default, is limited to half of the memory.
    'rootfstype=ramfs',
    'mitigations=off',
    // Attaching to a function waits for these, several times.
    'rcupdate.rcu_expedited=1',
    'rcupdate.rcu_tasks_lazy_ms=0',
    'rcupdate.rcu_tasks_trace_lazy_ms=0',

    `lsm=${machine.lsm}`,
  ]
  return [
    program,
    [
      ['-accel', 'tcg', '-M', board, '-cpu', cpu],
      ['-m', `${machine.memoryMb}M`, '-smp', `${machine.cpus}`],
      ['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
      ['-serial', 'stdio'],
      ['-chardev', `socket,id=port,fd=${portDescriptor}`],
      ['-device', 'virtio-serial-pci', '-device', 'virtserialport,chardev=port,nr=1'],
      ['-kernel', kernel.image, '-initrd', initrd, '-append', commandLine.join(' ')],
    ].flat(),
  ]
}
