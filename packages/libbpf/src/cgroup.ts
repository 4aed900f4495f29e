import { native } from './native.ts'

/**
 * Makes one TCP connect from a process that is born inside the cgroup (clone3 with
 * CLONE_INTO_CGROUP, Linux 5.7) and does nothing else.
 * @param cgroupPath directory of the cgroup (v2)
 * @param address IPv4 or IPv6 in text
 * @returns errno of the connect; 0: it was let through (connected or in progress)
 * @throws BpfError step `cgroup`
 */
export function connectFromCgroup(cgroupPath: string, address: string, port: number): number {
  return native().connectFromCgroup(cgroupPath, address, port)
}

/**
 * A new cgroup namespace whose root is the cgroup, made by a process that is born there and ends
 * with it.
 * @returns a descriptor of the namespace, which the caller closes
 * @throws BpfError step `cgroup`
 */
export function cgroupNamespace(cgroupPath: string): number {
  return native().cgroupNamespace(cgroupPath)
}

/**
 * Ids of the programs that are attached to a cgroup itself, whoever attached them, in the order in which they run.
 * @param cgroupPath directory of the cgroup (v2)
 * @param type enum bpf_attach_type of linux/bpf.h, e.g. 10 for BPF_CGROUP_INET4_CONNECT
 * @throws BpfError step `cgroup`
 */
export function programsOnCgroup(cgroupPath: string, type: number): number[] {
  return native().programsOn(cgroupPath, type)
}
