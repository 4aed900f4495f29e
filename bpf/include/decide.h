/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* The decision about one destination: block list > policy > mode. */
#pragma once

#include "flow_table.h"
#include "names.h"
#include "narrowed_grants.h"

struct decision {
	u32 rule;
	u32 name;
	u32 generation;
	u8 verdict;
	u8 reason;
	u8 unchecked; /* the policy line binds connections to no name */
	u8 pad;
};

/* The address and port of the DNS proxy itself. */
static __always_inline bool is_proxy(const struct destination *to)
{
	if (to->protocol != IPPROTO_TCP && to->protocol != IPPROTO_UDP)
		return false;
	if (to->port == 0 || !is_loopback(to))
		return false;
	return to->port == (is_mapped(to) ? proxy_port4 : proxy_port6);
}

static __always_inline u32 current_generation(void)
{
	u32 zero = 0;
	struct policy_state *state = bpf_map_lookup_elem(&policy_state, &zero);
	return state ? state->generation : 0;
}

static __always_inline struct policy *policy_of(u32 generation)
{
	u32 slot = generation & 1;
	return bpf_map_lookup_elem(&policies, &slot);
}

static __always_inline u32 mode_of(u32 generation)
{
	struct policy *policy = policy_of(generation);
	return policy ? policy->mode : MODE_BLOCK;
}

/* Whether names are on the block list. */
static __always_inline bool lists_names(u32 generation)
{
	struct policy *policy = policy_of(generation);
	return policy && policy->blocked_names;
}

static __always_inline u32 *find_blocked(const struct destination *to, u32 generation)
{
	struct address_key key = { .prefix = 128 };
	bool second = generation & 1;
	u32 *entry;

	__builtin_memcpy(key.address, to->address, 16);
	entry = second ? bpf_map_lookup_elem(&blocked_hosts_1, key.address) :
			 bpf_map_lookup_elem(&blocked_hosts_0, key.address);
	if (entry)
		return entry;
	return second ? bpf_map_lookup_elem(&blocked_1, &key) : bpf_map_lookup_elem(&blocked_0, &key);
}

/*
 * Sets rule and reason when an address or block of the policy allows the destination. Where it does so to some only, the
 * rule is the key of these lines, and it is not allowed yet.
 */
static __always_inline bool find_grant(const struct destination *to, struct decision *decision)
{
	struct address_key key = { .prefix = 128 };
	struct grant_port_key ports = { .prefix = 64, .protocol = to->protocol };
	bool second = decision->generation & 1;
	u32 *set, *rule, number;
	u16 port = bpf_htons(to->port);

	__builtin_memcpy(key.address, to->address, 16);
	set = second ? bpf_map_lookup_elem(&grant_hosts_1, key.address) :
		       bpf_map_lookup_elem(&grant_hosts_0, key.address);
	if (!set)
		set = second ? bpf_map_lookup_elem(&grants_1, &key) : bpf_map_lookup_elem(&grants_0, &key);
	if (!set)
		return false;
	number = bpf_htonl(*set);
	__builtin_memcpy(ports.set, &number, 4);
	__builtin_memcpy(ports.port, &port, 2);
	rule = second ? bpf_map_lookup_elem(&single_ports_1, ports.set) :
			bpf_map_lookup_elem(&single_ports_0, ports.set);
	if (!rule)
		rule = second ? bpf_map_lookup_elem(&grant_ports_1, &ports) :
				bpf_map_lookup_elem(&grant_ports_0, &ports);
	if (!rule)
		return false;
	decision->rule = *rule;
	if (*rule & RULES_NARROWED)
		return false;
	decision->reason = REASON_ADDRESS;
	return true;
}

/*
 * Whether a name that is allowed to the owner led to the destination (or to the same port by TCP): sets its rule, name and
 * reason. The name is set when it is only known, too, and where a line allows it to others the rule is that line's. Not
 * static: see packet.h.
 */
__noinline int find_learned(const struct destination *to, struct decision *decision, const struct owner *owner,
			    bool calls, bool by_tcp)
{
	struct learned_key key = {};
	struct learned *entry;
	u64 now;

	if (!to || !decision || !owner)
		return 0;
	key.protocol = by_tcp ? IPPROTO_TCP : to->protocol;
	__builtin_memcpy(key.address, to->address, 16);
	entry = bpf_map_lookup_elem(&learned, &key);
	if (!entry)
		return 0;
	now = bpf_ktime_get_boot_ns();
	for (u32 i = 0; i < LEARNED_RANGES; i++) {
		struct learned_range *range = &entry->ranges[i];
		if (i >= entry->count)
			break;
		decision->name = range->name;
		if (range->rule == RULE_NONE || to->port < range->from || to->port > range->to)
			continue;
		if (range->expires <= now)
			continue;
		decision->rule = range->rule;
		if (range->narrowing && !fulfils_narrowing(owner, calls, range->narrowing))
			continue;
		decision->reason = REASON_NAME;
		decision->unchecked = range->flags & RANGE_UNCHECKED;
		return 1;
	}
	return 0;
}

/* Whose way it is: the flow's fields are laid out as an owner's. */
static __always_inline const struct owner *owner_of(const struct flow *flow)
{
	_Static_assert(__builtin_offsetof(struct flow, tgid) - __builtin_offsetof(struct flow, start) ==
			       __builtin_offsetof(struct owner, tgid), "a flow holds its owner");
	return (const struct owner *)&flow->start;
}

/* A live flow stays allowed when its name's time runs out, as long as the policy still allows the name. */
static __always_inline bool is_live(const struct destination *to, u64 cookie, struct decision *decision)
{
	struct flow *flow = find_flow(to, cookie);

	if (!flow || flow->verdict != VERDICT_ALLOWED || !is_current(flow, decision->generation))
		return false;
	decision->rule = flow->rule;
	decision->name = flow->name;
	decision->reason = REASON_LIVE;
	return true;
}

/* What the mode makes of something that nothing allows. */
static __always_inline void deny(struct decision *decision, u8 reason)
{
	decision->rule = RULE_NONE;
	decision->reason = reason;
	decision->verdict = mode_of(decision->generation) == MODE_BLOCK ? VERDICT_BLOCKED : VERDICT_WOULD_BLOCK;
}

static __always_inline bool is_denied(const struct decision *decision)
{
	return decision->verdict == VERDICT_BLOCKED || decision->verdict == VERDICT_ATTACK_BLOCKED;
}

static __always_inline bool decide_block_list(const struct destination *to, struct decision *decision)
{
	u32 *entry = is_loopback(to) ? NULL : find_blocked(to, decision->generation);

	if (!entry)
		return false;
	decision->verdict = VERDICT_ATTACK_BLOCKED;
	decision->reason = REASON_BLOCK_LIST;
	decision->name = 0;
	decision->rule = *entry;
	return true;
}

/* Lines for the destination that are narrowed. Makes the key that find_grant() left the rule of one of them. */
static __always_inline bool allows_owner(struct decision *decision, const struct owner *owner, bool calls)
{
	bool found;

	if (decision->rule == RULE_NONE)
		return false;
	decision->rule = find_narrowed(decision->rule, decision->generation & 1, owner, calls, &found);
	decision->reason = REASON_ADDRESS;
	return found;
}

/*
 * `decision` comes with the generation; `cookie` is the socket's, for live flows. `calls`: the owner is the current task's
 * process. A refusal has the rule of a narrowed line that would allow it to others. Not static: see packet.h.
 */
__noinline int decide(const struct destination *to, u64 cookie, struct decision *decision, const struct owner *owner,
		      bool calls)
{
	u32 narrowed;

	if (!to || !decision || !owner)
		return -1;
	decision->rule = RULE_NONE;
	decision->name = 0;
	decision->unchecked = 0;
	decision->verdict = VERDICT_ALLOWED;
	if (decide_block_list(to, decision))
		return 0;
	if (is_loopback(to)) {
		decision->reason = REASON_LOOPBACK;
		return 0;
	}
	if (find_learned(to, decision, owner, calls, false))
		return 0;
	narrowed = decision->rule;
	decision->rule = RULE_NONE;
	if (find_grant(to, decision) || allows_owner(decision, owner, calls))
		return 0;
	if (narrowed == RULE_NONE)
		narrowed = decision->rule;
	if (is_live(to, cookie, decision))
		return 0;
	if (to->protocol == IPPROTO_UDP && to->port == HTTPS_PORT &&
	    find_learned(to, decision, owner, calls, true))
		deny(decision, REASON_QUIC);
	else
		deny(decision, REASON_NO_RULE);
	decision->rule = narrowed;
	return 0;
}
