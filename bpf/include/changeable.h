/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * Bytes that their sender can still change. TCP sends from the sender's own pages after MSG_ZEROCOPY (and io_uring's
 * SEND_ZC), from a file's after sendfile, and from those of a pipe after splice: what is read here need not be what the
 * device reads, or what TCP sends again after a loss.
 */
#pragma once

#include "server_name.h"

/* Of skb_shared_info.flags, all kernels from 6.1 on: SKBFL_ZEROCOPY_ENABLE, SKBFL_SHARED_FRAG. */
#define CHANGEABLE_FLAGS 3

static __always_inline bool is_changeable(struct __sk_buff *skb)
{
	/* Where a program has its context, the kernel has the packet; 6.1 has no other way to it. */
	struct sk_buff *packet = (void *)skb;
	struct skb_shared_info *shared;
	unsigned char *head = NULL;
	u8 flags = CHANGEABLE_FLAGS;
	u32 end = 0;

	if (bpf_core_read(&head, sizeof(head), &packet->head) || bpf_core_read(&end, sizeof(end), &packet->end))
		return true;
	shared = (void *)(head + end);
	bpf_core_read(&flags, sizeof(flags), &shared->flags);
	return flags & CHANGEABLE_FLAGS;
}

/* Refuses such bytes where a name is to be read. Tells it once. Returns 1 when they may pass. Not static: see packet.h. */
__noinline int decide_changeable(struct __sk_buff *skb, const struct packet *packet, struct flow *flow,
				 struct decision *decision)
{
	bool told;

	if (!packet || !flow || !decision)
		return 0;
	told = flow->reason == REASON_ZERO_COPY;
	if ((!is_bound(flow) && !lists_names(flow->generation)) || !is_changeable(skb))
		return 1;
	deny(decision, REASON_ZERO_COPY);
	note_refusal(flow, decision);
	if (!told)
		send_named(skb, packet, flow, decision, PLACES);
	return !is_denied(decision);
}
