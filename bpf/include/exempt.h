/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * Who the policy does not hold for: processes in certain cgroups, and those that run certain programs (exempt.bpf.c says
 * which processes these are). What such a process makes or connects is marked, since a packet has no process; accepted
 * sockets inherit the mark. Whoever else connects or sends with a marked socket takes the mark away.
 */
#pragma once

#include "exempt_processes.h"
#include "exempt_sockets.h"
#include "tell.h"

/* Set before load; without exemptions none of this is there. */
const volatile bool has_exemptions = false;
/* Depth of the deepest exempt cgroup below the root. */
const volatile u32 exempt_level = 0;

#define EXEMPT_LEVELS 16

/* By the cgroup's id; all below it is exempt, too. */
HASH(exempt_cgroups, u64, u8, 256);

/* Not static: see packet.h. */
__noinline int current_is_exempt(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct process_id process = { .start = start_of(task), .tgid = task->tgid };

	if (bpf_map_lookup_elem(&exempt_processes, &process))
		return 1;
	for (u32 level = 1; level <= EXEMPT_LEVELS; level++) {
		u64 id;
		if (level > exempt_level)
			break;
		id = bpf_get_current_ancestor_cgroup_id(level);
		if (!id)
			break;
		if (bpf_map_lookup_elem(&exempt_cgroups, &id))
			return 1;
	}
	return 0;
}

/* Whether the process that makes, binds, connects or sends by the socket is exempt; the socket is marked after it. */
static __always_inline bool marks_exempt(struct bpf_sock *sk)
{
	bool exempt;
	u8 *mark;

	if (!has_exemptions)
		return false;
	exempt = current_is_exempt();
	mark = exempt ? bpf_sk_storage_get(&exempt_sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE)
		      : bpf_sk_storage_get(&exempt_sockets, sk, 0, 0);
	if (mark)
		*mark = exempt;
	return exempt;
}

/* Whether a packet is of a socket that is marked, or that was made in an exempt cgroup. */
static __always_inline bool is_exempt_packet(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk, *full;
	u8 *mark;

	if (!has_exemptions || !sk)
		return false;
	full = bpf_sk_fullsock(sk);
	/* What answers a SYN is a request; the mark is its listener's. */
	if (!full)
		full = bpf_get_listener_sock(sk);
	mark = full ? bpf_sk_storage_get(&exempt_sockets, full, 0, 0) : NULL;
	if (mark && *mark)
		return true;
	for (u32 level = 1; level <= EXEMPT_LEVELS; level++) {
		u64 id;
		if (level > exempt_level)
			break;
		id = bpf_skb_ancestor_cgroup_id(skb, level);
		if (!id)
			break;
		if (bpf_map_lookup_elem(&exempt_cgroups, &id))
			return true;
	}
	return false;
}
