/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* Writes a flow down. */
#pragma once

#include "decide.h"

/*
 * Notes that the way is open, or anew for a flow that was; what does not leave the machine is not noted. False: there is no
 * seat for it now.
 */
static __always_inline bool note_flow(const struct destination *to, const struct decision *decision,
				      const struct owner *owner, u64 cookie, u32 bytes, u8 names, u32 judged)
{
	struct flow_seat *seat;

	if (!cookie || decision->reason == REASON_LOOPBACK)
		return true;
	seat = claim_seat(to, cookie);
	if (!seat)
		return false;
	__builtin_memcpy(seat->key.address, to->address, 16);
	seat->key.port = to->port;
	seat->key.protocol = to->protocol;
	seat->flow.bytes = bytes;
	seat->flow.packets = bytes ? 1 : 0;
	seat->flow.start = owner->start;
	seat->flow.tgid = owner->tgid;
	seat->flow.uid = owner->uid;
	seat->flow.rule = decision->rule;
	seat->flow.name = decision->name;
	seat->flow.generation = decision->generation;
	seat->flow.verdict = decision->verdict;
	seat->flow.reason = decision->reason;
	seat->flow.family = to->family;
	seat->flow.names = names;
	seat->flow.judged = judged;
	seat->flow.used = bpf_jiffies64();
	/* Behind all that: whoever finds the cookie finds its flow. */
	__sync_lock_test_and_set(&seat->key.cookie, cookie);
	return true;
}

/* The same for a flow that packets went by before, whose seat is held. */
static __always_inline void renew_flow(struct flow *flow, const struct decision *decision, u32 bytes)
{
	flow->rule = decision->rule;
	flow->name = decision->name;
	flow->verdict = decision->verdict;
	flow->reason = decision->reason;
	flow->generation = decision->generation;
	if (flow->names & NAMES_REFUSED)
		flow->names = NAMES_PENDING;
	flow->names = (flow->names & (NAMES_LOOK | NAMES_TLS)) | (decision->unchecked ? NAMES_UNCHECKED : 0);
	if (bytes)
		count_packet(flow, bytes);
}
