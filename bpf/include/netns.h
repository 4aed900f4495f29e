/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * Programs that start in a network namespace where nobody answers names yet are held before their first
 * instruction: the agent opens its sockets there, and sends SIGCONT. When the agent is gone, so is this
 * program, and nobody is held any more.
 */
#pragma once

#include "kernel.h"

enum { SIGCONT = 18, SIGSTOP = 19 };

/* Inode number of the network namespace that the agent is in; 0: nobody is held. Set before load. */
const volatile u32 own_netns = 0;

/* Inode numbers of those in which the agent answers names, or has tried to. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 14);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u32);
	__type(value, u32);
} served_netns SEC(".maps");

/* Holds the current process where it has to wait. Before its record is sent: that is what lets it go on. */
static __always_inline bool hold(struct task_struct *task)
{
	u32 netns = BPF_CORE_READ(task, nsproxy, net_ns, ns.inum);

	if (!own_netns || netns == own_netns || bpf_map_lookup_elem(&served_netns, &netns))
		return false;
	return bpf_send_signal(SIGSTOP) == 0;
}
