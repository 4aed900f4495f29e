/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * The floor: programs that do nothing at the hooks of tier T0. No watcher at these hooks can be cheaper, so what
 * runwarden adds to this is its own, and what this costs is the kernel's.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char _license[] SEC("license") = "Dual BSD/GPL";

#define NOTHING(section, name)                \
	SEC(section) int name(void *context)  \
	{                                     \
		return 1;                     \
	}

#define NOTHING_TRACED(section, name)         \
	SEC(section) int name(__u64 *context) \
	{                                     \
		return 0;                     \
	}

NOTHING_TRACED("tp_btf/sys_exit", sys_exit)
NOTHING_TRACED("tp_btf/sched_process_exec", process_exec)
NOTHING_TRACED("tp_btf/sched_process_fork", process_fork)
NOTHING_TRACED("tp_btf/sched_process_exit", process_exit)
NOTHING("cgroup/connect4", connect4)
NOTHING("cgroup/sock_create", sock_create)
NOTHING("cgroup/post_bind4", post_bind4)
NOTHING("cgroup_skb/egress", egress)
