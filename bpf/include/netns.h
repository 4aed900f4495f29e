/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * Programs that start in a network namespace where nobody answers names yet wait before their first instruction,
 * until the agent has opened its sockets there: a few milliseconds, and never longer than netns_wait_ns. They wait here,
 * in the kernel and on their own time: a process that was stopped by a signal would show it to its parent, and
 * sudo and su stop with it, and shells with job control go on without it. When the agent is gone, so is this
 * program, and nobody waits any more.
 */
#pragma once

#include "kernel.h"

/* Process ids of who begins to wait. It has a ring of its own: what waits is not behind all that a flood has to tell. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16);
} awaiting SEC(".maps");

enum { WAIT_LOOKS = 1 << 23 };

/* Inode number of the network namespace that the agent is in; 0: nobody waits. Set before load. */
const volatile u32 own_netns = 0;

/* The longest wait; 0 on a machine with one processor, where the agent could not run meanwhile. Set before load. */
const volatile u64 netns_wait_ns = 0;

/* Inode numbers of those in which the agent answers names, or has tried to. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 14);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u32);
	__type(value, u32);
} served_netns SEC(".maps");

struct netns_wait {
	u64 until; /* CLOCK_MONOTONIC, ns */
	u32 netns;
};

/* The namespace that the process is in and nobody answers in; 0: it is served. */
static __always_inline u32 unserved_netns(struct task_struct *task)
{
	u32 netns = BPF_CORE_READ(task, nsproxy, net_ns, ns.inum);

	if (!own_netns || netns == own_netns || bpf_map_lookup_elem(&served_netns, &netns))
		return 0;
	return netns;
}

static long look_again(u32 index, struct netns_wait *wait)
{
	return bpf_map_lookup_elem(&served_netns, &wait->netns) || bpf_ktime_get_ns() > wait->until;
}

static __always_inline void await_service(struct task_struct *task)
{
	u32 netns = unserved_netns(task), tgid = task->tgid;
	struct netns_wait wait = { .netns = netns };

	if (!netns || bpf_ringbuf_output(&awaiting, &tgid, sizeof(tgid), BPF_RB_FORCE_WAKEUP))
		return;
	wait.until = bpf_ktime_get_ns() + netns_wait_ns;
	bpf_loop(WAIT_LOOKS, look_again, &wait, 0);
}
