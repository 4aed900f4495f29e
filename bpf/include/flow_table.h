/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * Where flows are. A socket's cookie says which seats its flow may have: cookies come one after the other, so that what
 * many connections touch lies side by side in memory. (In an LRU hash a new flow took 1.4 of the 2 µs that all of this
 * adds to a connection.) Only the kernel writes flows; user space says in `renewed_flows` which a new policy allows, too.
 */
#pragma once

#include "destination.h"
#include "enforce.h"

enum {
	/* Jiffies for which a flow keeps its seat after a packet at least: nobody else writes to what is being used. */
	FLOW_RESTS = 2,
	/* How far `used` is ahead while a packet of the flow is looked at: longer than that can take. */
	FLOW_HELD = 1 << 14,
};

/* In place of a cookie: a seat that is being written; and one that is nobody's any more, but was held when it was claimed. */
#define FLOW_CLAIMED (~0ULL)
#define FLOW_LEFT (~1ULL)

/* Datagram sockets have many flows. */
static __always_inline u32 flow_set(const struct destination *to, u64 cookie)
{
	u32 set = cookie;

	if (to->protocol != IPPROTO_TCP)
		set += ((to->words[0] ^ to->words[1] ^ to->words[2] ^ to->words[3] ^ to->port) * 0x9e3779b1u) >> 16;
	return set & (FLOW_SETS - 1);
}

static __always_inline bool is_seat_of(const struct flow_seat *seat, const struct destination *to, u64 cookie)
{
	const u64 *halves = (const u64 *)seat->key.address;

	return seat->key.cookie == cookie && halves[0] == to->halves[0] && halves[1] == to->halves[1] &&
	       seat->key.port == to->port && seat->key.protocol == to->protocol;
}

static __always_inline struct flow *find_flow(const struct destination *to, u64 cookie)
{
	u32 set = flow_set(to, cookie);

	if (!cookie)
		return NULL;
#pragma unroll
	for (u32 way = 0; way < FLOW_WAYS; way++) {
		u32 at = way * FLOW_SETS + set;
		struct flow_seat *seat = bpf_map_lookup_elem(&flows, &at);

		/* The seats of a set are taken in their order. */
		if (!seat || !seat->key.cookie)
			return NULL;
		if (is_seat_of(seat, to, cookie))
			return &seat->flow;
	}
	return NULL;
}

static __always_inline struct flow_seat *seat_of(const struct flow *flow)
{
	return (void *)flow - __builtin_offsetof(struct flow_seat, flow);
}

/* Whether the seat is still the flow's, after `read` was read from it: another flow's may be all that it has now. */
static __always_inline bool has_seat(const struct flow *flow, const struct destination *to, u64 cookie, u64 read)
{
	/* The key is read behind it, on processors that would rather not, too: its place depends on it. */
	asm volatile("%0 &= 0" : "+r"(read) : : "memory");
	return is_seat_of((void *)seat_of(flow) + read, to, cookie);
}

static __always_inline bool is_held(const struct flow *flow, u32 now)
{
	return *(volatile u32 *)&flow->used - now - 1 < FLOW_HELD;
}

/*
 * Holds a flow's seat while it is judged and written to: until `used` is now again, nobody else writes to it. False: another
 * flow has it. Each side writes before it reads what the other has written (see claim_seat()): one of them sees the other.
 */
static __always_inline bool hold_seat(struct flow *flow, const struct destination *to, u64 cookie)
{
	__sync_lock_test_and_set(&flow->used, (u32)bpf_jiffies64() + FLOW_HELD);
	return is_seat_of(seat_of(flow), to, cookie);
}

static __always_inline void let_go_of_seat(struct flow *flow)
{
	flow->used = bpf_jiffies64();
}

/*
 * A seat for a flow: its own, a free one, or that of the flow that was silent for longest. The caller fills it and gives
 * it its cookie. NULL: all are in use, or another processor was first; the flow is decided packet by packet until there is one.
 */
static __always_inline struct flow_seat *claim_seat(const struct destination *to, u64 cookie)
{
	u32 set = flow_set(to, cookie), now = bpf_jiffies64(), silent = FLOW_RESTS;
	struct flow_seat *found = NULL;
	u64 holds = 0;

#pragma unroll
	for (u32 way = 0; way < FLOW_WAYS; way++) {
		u32 at = way * FLOW_SETS + set;
		struct flow_seat *seat = bpf_map_lookup_elem(&flows, &at);

		if (!seat)
			return NULL;
		if (!seat->key.cookie || is_seat_of(seat, to, cookie)) {
			found = seat;
			holds = seat->key.cookie;
			break;
		}
		if (!is_held(&seat->flow, now) && now - seat->flow.used >= silent) {
			found = seat;
			holds = seat->key.cookie;
			silent = now - seat->flow.used;
		}
	}
	if (!found || holds == FLOW_CLAIMED || !__sync_bool_compare_and_swap(&found->key.cookie, holds, FLOW_CLAIMED))
		return NULL;
	if (is_held(&found->flow, bpf_jiffies64())) {
		/* A packet came meanwhile: its flow has lost the seat, and nobody has it before that packet is done. */
		__sync_lock_test_and_set(&found->key.cookie, FLOW_LEFT);
		return NULL;
	}
	return found;
}

/* A packet of the flow has passed. */
static __always_inline void count_packet(struct flow *flow, u32 bytes)
{
	flow->used = bpf_jiffies64();
	__sync_fetch_and_add(&flow->bytes, bytes);
	__sync_fetch_and_add(&flow->packets, 1);
}

/* The same of a TCP socket: what it sends it sends under its lock, and nobody else counts for it meanwhile. */
static __always_inline void count_segment(struct flow *flow, u32 bytes)
{
	flow->used = bpf_jiffies64();
	flow->bytes += bytes;
	flow->packets++;
}

/* Whether what was decided about the flow stands under the policy of this number. */
static __always_inline bool is_current(struct flow *flow, u32 generation)
{
	struct renewed_flow *renewed;

	if ((s32)(flow->generation - generation) >= 0)
		return true;
	if (flow->verdict != VERDICT_ALLOWED)
		return false;
	renewed = bpf_map_lookup_elem(&renewed_flows, &seat_of(flow)->key);
	if (!renewed || renewed->generation != generation)
		return false;
	flow->rule = renewed->rule;
	flow->generation = generation;
	return true;
}
