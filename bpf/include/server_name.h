/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* Decides by what a connection says of itself, and tells what it refuses. */
#pragma once

#include "blocked_names.h"
#include "client_hello.h"
#include "http_request.h"
#include "packet.h"
#include "tell.h"

/*
 * Tells a refusal with what was said, and with the socket's own end: user space ends the connection. `index` of the place
 * where it was read; PLACES: it said nothing. Not static: see packet.h.
 */
__noinline int send_named(struct __sk_buff *skb, const struct packet *packet, const struct flow *flow,
			  const struct decision *decision, u32 index)
{
	const struct first_bytes *bytes = place(index);
	struct bpf_sock *sk = skb->sk ? bpf_sk_fullsock(skb->sk) : NULL;
	struct named_record *record;
	struct owner owner = {};
	u64 now = bpf_ktime_get_boot_ns();

	if (!packet || !flow || !decision)
		return 0;
	owner = *owner_of(flow);
	record = bpf_ringbuf_reserve(&urgent, sizeof(*record), 0);
	if (!record) {
		count_lost(RECORD_CONNECT);
		return 0;
	}
	fill_record(&record->record, &owner, &packet->to, decision, bpf_get_socket_cookie(skb), VIA_PACKET, 0,
		    now);
	record->record.header.flags = CONNECT_NAMED;
	record->record.header.size = sizeof(*record);
	__builtin_memcpy(record->source, packet->source, 16);
	record->source_port = packet->source_port;
	record->device = sk ? sk->bound_dev_if : 0;
	record->name_length = 0;
	record->protocol = FIRST_OTHER;
	if (bytes) {
		const struct name_key *name = &bytes->names[bytes->which & 1];

		record->name_length = name->length;
		record->protocol = bytes->protocol;
		__builtin_memcpy(record->server_name, name->text, sizeof(name->text));
		record->server_name[sizeof(name->text)] = 0;
	} else {
		__builtin_memset(record->server_name, 0, sizeof(record->server_name));
	}
	bpf_ringbuf_submit(record, 0);
	return 0;
}

/* The flow is what was decided by what it says. */
static __always_inline void note_refusal(struct flow *flow, const struct decision *decision)
{
	flow->verdict = decision->verdict;
	flow->reason = decision->reason;
	flow->rule = decision->rule;
	if (is_denied(decision))
		flow->names = NAMES_REFUSED;
}

/* Ends a TCP flow that another policy does not allow. Not static: see packet.h. */
__noinline int end_flow(struct __sk_buff *skb, struct packet *packet, struct flow *flow, struct decision *decision)
{
	if (!packet || !flow || !decision)
		return 0;
	flow->names = NAMES_REFUSED;
	flow->generation = decision->generation;
	flow->verdict = decision->verdict;
	flow->reason = decision->reason;
	flow->rule = decision->rule;
	send_named(skb, packet, flow, decision, PLACES);
	return 0;
}

/* Flows that a name opened; in audit mode also those that would have been refused for what they said. */
static __always_inline bool is_bound(const struct flow *flow)
{
	return !(flow->names & NAMES_UNCHECKED) &&
	       (flow->reason == REASON_NAME || flow->reason == REASON_LIVE || flow->reason == REASON_ZERO_COPY ||
		flow->reason == REASON_URGENT ||
		(flow->reason >= REASON_SERVER_NAME && flow->reason <= REASON_HTTP_HOST));
}

/*
 * Whether a said name is one that the policy allows the owner at this address. Sets rule and name. A connection may say
 * again what was good before, also when the name's time has run out meanwhile.
 */
static __always_inline bool is_allowed_name(struct first_bytes *bytes, u32 which, const struct packet *packet,
					    const struct flow *flow, struct decision *decision)
{
	u32 *id = bpf_map_lookup_elem(&name_ids, &bytes->names[which]);

	if (!id)
		return false;
	if (*id == flow->name && !(flow->names & NAMES_PENDING)) {
		decision->name = *id;
		return true;
	}
	bytes->narrowed = RULE_NONE;
	bytes->led.name = *id;
	if (!find_owned_grant(&bytes->led, packet->to.port, owner_of(flow), &bytes->narrowed))
		return false;
	decision->name = *id;
	decision->rule = bytes->narrowed;
	return true;
}

static __always_inline bool hides_name(const struct first_bytes *bytes)
{
	if (bytes->protocol == FIRST_TLS)
		return bytes->fault == REASON_SPLIT_HELLO;
	/* HTTP/2 without TLS has no Host. */
	return bytes->fault == REASON_HTTP_HOST && bytes->state != HTTP_NONE;
}

/* Parts of decide_said(), with frames of their own, one after the other: the stack is short here. Not static: see packet.h. */

/* Whether one of the said names is on the block list, or may be. */
__noinline int is_listed(u32 index, struct decision *decision)
{
	struct first_bytes *bytes = place(index);
	struct policy *policy;

	if (!bytes || !decision)
		return false;
	policy = policy_of(decision->generation);
	for (u32 which = 0; which < SAID_NAMES && policy && policy->blocked_names; which++) {
		u32 entry;
		if (!bytes->names[which].length)
			continue;
		entry = find_listed_name(index, which, decision->generation, NAMES_BLOCKED);
		if (entry == RULE_NONE)
			continue;
		bytes->which = which;
		decision->verdict = VERDICT_ATTACK_BLOCKED;
		decision->reason = REASON_BLOCK_LIST;
		decision->rule = entry;
		return true;
	}
	/* A hello in several records, or without an end, or a head that servers read in several ways: what it names is not found. */
	if (policy && policy->blocked_names && hides_name(bytes)) {
		deny(decision, bytes->fault);
		return true;
	}
	return false;
}

/* Whether policy allows the said names at this address; else `fault` says what is wrong. */
__noinline int fits_names(u32 index, const struct packet *packet, const struct flow *flow, struct decision *decision)
{
	struct first_bytes *bytes = place(index);

	if (!bytes || !packet || !flow || !decision)
		return false;
	bytes->narrowed = RULE_NONE;
	__builtin_memcpy(bytes->led.address, packet->to.address, 16);
	for (u32 which = 0; which < SAID_NAMES; which++) {
		if (!bytes->names[which].length || is_allowed_name(bytes, which, packet, flow, decision))
			continue;
		bytes->which = which;
		bytes->fault = REASON_SERVER_NAME;
		break;
	}
	if (!bytes->fault)
		return true;
	/* What says no name gets one that the address has. What hides or splits a name could be for any other. */
	bytes->led.name = 0;
	return (bytes->fault == REASON_NO_SERVER_NAME || bytes->fault == REASON_NOT_TLS) &&
	       !may_mean_another(&bytes->led, packet->to.port, owner_of(flow));
}

/* Whether an address or block of the policy allows it, whatever was said. */
__noinline int allows_address(const struct packet *packet, const struct flow *flow, struct decision *decision)
{
	if (!packet || !flow || !decision)
		return false;
	return find_grant(&packet->to, decision) || allows_owner(decision, owner_of(flow), false);
}

/*
 * Decides by what the first bytes say. `decision` comes with what the flow was decided by; it is changed to a refusal,
 * and then 1 is returned, or to the name that was said. Not static: see packet.h.
 */
__noinline int decide_said(u32 index, struct packet *packet, struct flow *flow, struct decision *decision)
{
	struct first_bytes *bytes = place(index);

	if (!bytes || !packet || !flow || !decision)
		return 1;
	if (is_listed(index, decision))
		return 1;
	if (!is_bound(flow) || fits_names(index, packet, flow, decision) || allows_address(packet, flow, decision))
		return 0;
	deny(decision, bytes->fault);
	if (bytes->fault == REASON_SERVER_NAME)
		decision->rule = bytes->narrowed;
	return 1;
}

/* What the first bytes are; false: nothing that says a name, and nothing that is judged. Not static: see packet.h. */
__noinline int read_first_bytes(u32 index, u32 names)
{
	struct first_bytes *bytes = place(index);

	if (!bytes)
		return true;
	bytes->retry = names & NAMES_RETRY;
	bytes->later = names & NAMES_HTTP;
	if (!bytes->later && is_client_hello(bytes)) {
		read_client_hello(index);
		return true;
	}
	if (names & NAMES_RETRY) {
		/* All of it was records without meaning; the last may end in a later segment. */
		if (bytes->at >= bytes->size)
			return false;
		/* Too short to tell what it is. */
		bytes->cut = bytes->at + TLS_RECORD_HEADER >= bytes->size;
		if (bytes->cut)
			bytes->fault = REASON_SPLIT_HELLO;
		else if (bytes->at >= bytes->length || !is_beyond_hello(bytes))
			bytes->fault = REASON_MALFORMED_HELLO;
		bytes->protocol = bytes->fault ? FIRST_TLS : FIRST_OTHER;
		return bytes->fault;
	}
	if (!bytes->later && is_other_tls(bytes)) {
		bytes->protocol = FIRST_TLS;
		bytes->fault = REASON_MALFORMED_HELLO;
		return true;
	}
	bytes->at = 0;
	read_request(index);
	if (bytes->protocol == FIRST_HTTP)
		return true;
	/* The beginning of a request, as far as it goes. Later that may as well be in the middle of something. */
	bytes->fault = bytes->state == HTTP_NONE || bytes->inside ? REASON_NOT_TLS : REASON_SPLIT_HELLO;
	unsay_names(index);
	return !(names & NAMES_HTTP);
}

/* The flow's next state after bytes that may pass. */
static __always_inline u8 names_after(const struct first_bytes *bytes, u32 names)
{
	u8 kept = names & (NAMES_UNCHECKED | NAMES_HTTPS | NAMES_TLS);

	if (bytes->protocol == FIRST_TLS)
		kept |= NAMES_TLS;
	if (bytes->protocol == FIRST_HTTP || names & NAMES_HTTP)
		return kept | NAMES_HTTP;
	if (bytes->protocol == FIRST_TLS && !(names & NAMES_RETRY))
		return bytes->complete ? kept : kept | NAMES_RETRY;
	/* Only what may stand before a second hello was sent so far. */
	if (names & NAMES_RETRY && bytes->at >= bytes->size)
		return kept | NAMES_RETRY;
	return kept;
}

static __always_inline void remember_checked(struct __sk_buff *skb, const struct flow *flow)
{
	struct bpf_sock *sk = skb->sk ? bpf_sk_fullsock(skb->sk) : NULL;
	struct socket_state *state = sk ? bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE) : NULL;

	if (!state)
		return;
	state->start = flow->start;
	state->tgid = flow->tgid;
	state->uid = flow->uid;
	state->name = flow->name;
	state->names = flow->names;
	state->judged = flow->judged;
	state->checked = 1;
}
