/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* Tells attempts: the first of its kind in an epoch at once, the others as a count. Totals are exact. */
#pragma once

#include "decide.h"
#include "direct.h"
#include "process.h"
#include "rings.h"

#define ALLOW 1
#define DENY 0

#define via_type(via, type) ((u32)(via) | (u32)(type) << 8)

static __always_inline void current_owner(struct owner *owner)
{
	struct task_struct *task = bpf_get_current_task_btf();

	owner->start = start_of(task);
	owner->tgid = task->tgid;
	owner->uid = task->cred->euid.val;
}

static __always_inline void own(struct socket_state *state, const struct owner *owner)
{
	state->start = owner->start;
	state->tgid = owner->tgid;
	state->uid = owner->uid;
}

static __always_inline void fill_record(struct connect_record *record, const struct owner *owner,
					const struct destination *to, const struct decision *decision, u64 cookie,
					u8 via, u16 socket_type, u64 time)
{
	record->header.kind = RECORD_CONNECT;
	record->header.flags = 0;
	record->header.size = sizeof(*record);
	record->header.time = time;
	record->header.start = owner->start;
	record->header.tgid = owner->tgid;
	record->header.uid = owner->uid;
	__builtin_memcpy(record->address, to->address, 16);
	record->cookie = cookie;
	record->rule = decision->rule;
	record->name = decision->name;
	record->count = 1;
	record->port = to->port;
	record->socket_type = socket_type;
	record->family = to->family;
	record->protocol = to->protocol;
	record->verdict = decision->verdict;
	record->via = via;
	record->reason = decision->reason;
	__builtin_memset(record->pad, 0, sizeof(record->pad));
}

static __always_inline void send_attempt(const struct owner *owner, const struct destination *to,
					 const struct decision *decision, u64 cookie, u8 via, u16 socket_type)
{
	/* What stays on the machine interests nobody at once. */
	bool local = decision->reason == REASON_LOOPBACK;
	struct connect_record *record;
	u64 now = bpf_ktime_get_boot_ns();

	record = local ? bpf_ringbuf_reserve(&bulk, sizeof(*record), 0) : bpf_ringbuf_reserve(&urgent, sizeof(*record), 0);
	if (!record) {
		count_lost(RECORD_CONNECT);
		return;
	}
	fill_record(record, owner, to, decision, cookie, via, socket_type, now);
	bpf_ringbuf_submit(record, wake_if(!local || fills_up_bulk()));
}

/* Not static: see packet.h. */
__noinline int tell(const struct owner *owner, const struct destination *to, const struct decision *decision,
			   u64 cookie, u32 via_and_type)
{
	if (!owner || !to || !decision)
		return -1;
	u8 via = via_and_type & 0xff;
	u16 socket_type = via_and_type >> 8;
	struct attempt_key key = {
		.start = owner->start,
		.tgid = owner->tgid,
		.port = to->port,
		.protocol = to->protocol,
		.verdict = decision->verdict,
		.via = via,
		.reason = decision->reason,
		.family = to->family,
	};
	u32 zero = 0;
	u32 *which = bpf_map_lookup_elem(&epoch, &zero);
	u32 second = which ? *which & 1 : 0;
	struct attempt *attempt;
	u64 *made;

	__builtin_memcpy(key.address, to->address, 16);
	attempt = second ? bpf_map_lookup_elem(&attempts_1, &key) : bpf_map_lookup_elem(&attempts_0, &key);
	if (attempt) {
		__sync_fetch_and_add(&attempt->count, 1);
		return 0;
	}
	struct attempt first = {
		.cookie = cookie,
		.rule = decision->rule,
		.name = decision->name,
		.uid = owner->uid,
		.socket_type = socket_type,
	};
	/* Where two processors are first, or there is no room, each tells its own: the sum is right. */
	if (second)
		bpf_map_update_elem(&attempts_1, &key, &first, BPF_NOEXIST);
	else
		bpf_map_update_elem(&attempts_0, &key, &first, BPF_NOEXIST);
	made = bpf_map_lookup_elem(&attempts_made, &second);
	if (made)
		__sync_fetch_and_add(made, 1);
	send_attempt(owner, to, decision, cookie, via, socket_type);
	return 0;
}
