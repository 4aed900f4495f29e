/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* Flows: what was decided about a socket's way to one destination stands until another policy. */
#pragma once

#include "look.h"

/* What a flow that begins is still looked at for. */
static __always_inline u8 first_names(const struct destination *to, const struct decision *decision)
{
	bool bound = decision->reason == REASON_NAME || decision->reason == REASON_LIVE;
	u8 names = decision->unchecked ? NAMES_UNCHECKED : 0;
	struct policy *policy;

	if (to->protocol != IPPROTO_TCP)
		return 0;
	policy = policy_of(decision->generation);
	if ((bound && !decision->unchecked) || (policy && policy->blocked_names) || https_rules(decision->generation))
		return names | NAMES_PENDING;
	return names | NAMES_UNREAD;
}

/* Notes that the way is open, or anew for a flow that was; what does not leave the machine is not noted. */
static __always_inline void note_flow(const struct destination *to, const struct decision *decision,
				      const struct owner *owner, u64 cookie, u32 bytes, u8 names, u32 judged)
{
	struct flow_key key = { .cookie = cookie, .port = to->port, .protocol = to->protocol };
	struct flow first = {
		.bytes = bytes,
		.packets = bytes ? 1 : 0,
		.start = owner->start,
		.tgid = owner->tgid,
		.uid = owner->uid,
		.rule = decision->rule,
		.name = decision->name,
		.generation = decision->generation,
		.verdict = decision->verdict,
		.reason = decision->reason,
		.family = to->family,
		.names = names,
		.judged = judged,
	};

	if (!cookie || decision->reason == REASON_LOOPBACK)
		return;
	__builtin_memcpy(key.address, to->address, 16);
	bpf_map_update_elem(&flows, &key, &first, BPF_ANY);
}

/* The same for a flow that packets went by before. */
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
	if (bytes) {
		__sync_fetch_and_add(&flow->bytes, bytes);
		__sync_fetch_and_add(&flow->packets, 1);
	}
}
