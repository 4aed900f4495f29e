/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * Holds a connection to the names that opened its address: by the first bytes that it sends, the second flight of TLS
 * (a second ClientHello may come there), and the requests of plain HTTP.
 */
#pragma once

#include "changeable.h"
#include "https_flows.h"
#include "partial.h"

/* Requests of one segment that are looked at. */
#define REQUESTS 16

#define TCP_URG 0x20

/* Where the bytes behind the headers of a TCP packet begin; skb->len: nothing is behind them. */
static __always_inline u32 payload_at(struct __sk_buff *skb, const struct packet *packet, bool *urgent)
{
	u8 header[2] = {}; /* its length, its flags */
	u32 at;

	if (bpf_skb_load_bytes(skb, packet->transport_at + 12, header, sizeof(header)))
		return skb->len;
	*urgent = header[1] & TCP_URG;
	at = packet->transport_at + (header[0] >> 4) * 4;
	return at < skb->len ? at : skb->len;
}

/*
 * A segment while urgent data is under way. Servers take that byte out of the stream, unless they ask for it in its place: what is
 * read here would not be what they read. Tells it once. Returns 1 when it may pass. Not static: see packet.h.
 */
__noinline int decide_urgent(struct __sk_buff *skb, struct packet *packet, struct flow *flow)
{
	struct decision decision = {};
	bool told;

	if (!packet || !flow)
		return 0;
	told = flow->reason == REASON_URGENT;
	decision.generation = flow->generation;
	decision.name = flow->name;
	deny(&decision, REASON_URGENT);
	note_refusal(flow, &decision);
	if (!told)
		send_named(skb, packet, flow, &decision, PLACES);
	return !is_denied(&decision);
}

/* Other requests in the same segment. Returns 1 when one is refused. Not static: see packet.h. */
__noinline int decide_further(u32 index, struct packet *packet, struct flow *flow, struct decision *decision)
{
	struct first_bytes *bytes = place(index);

	if (!bytes || !packet || !flow || !decision)
		return 1;
	bytes->later = 1;
	for (u32 i = 0; i < REQUESTS && bytes->at < bytes->length; i++) {
		read_request(index);
		if (bytes->protocol != FIRST_HTTP)
			return 0;
		if (decide_said(index, packet, flow, decision))
			return 1;
	}
	/* No client sends that many at once. */
	if (bytes->at >= bytes->length || !is_bound(flow))
		return 0;
	deny(decision, REASON_HTTP_HOST);
	return 1;
}

/*
 * Whether it would pass but for the names of the block list, and these may be in what is still to come: a head is read to
 * its end then, in pieces of whatever size.
 */
static __always_inline bool is_waited_for(struct packet *packet, struct flow *flow, const struct first_bytes *bytes,
					  struct decision *decision)
{
	if (bytes->fault != REASON_SPLIT_HELLO || !lists_names(flow->generation))
		return false;
	return (!is_bound(flow) || mode_of(flow->generation) != MODE_BLOCK || allows_address(packet, flow, decision)) &&
	       is_partial(bytes, true);
}

/*
 * One word so far, or a line in doubt: it may be the beginning of a request that goes on, or all that the client says (ZooKeeper's
 * `ruok`). It passes where bytes without a name do, and what follows is read behind it. Towards hosts with HTTPS rules it does not.
 */
static __always_inline bool is_word(const struct flow *flow, const struct first_bytes *bytes)
{
	return bytes->protocol == FIRST_OTHER && (bytes->state == HTTP_METHOD || (bytes->inside && bytes->state < HTTP_REST)) &&
	       !https_rules(flow->generation);
}

static __always_inline bool goes_on(struct packet *packet, struct flow *flow, const struct first_bytes *bytes,
				    struct decision *decision)
{
	if (is_cut_line(bytes))
		return bytes->length == bytes->size && bytes->size < PARTIAL_BYTES;
	return bytes->protocol == FIRST_HTTP && is_waited_for(packet, flow, bytes, decision);
}

/*
 * Tells what a flow says first that is not held to a name: another one may have led to its address last. No name is told of what
 * hides or splits it, or is for a proxy; nothing of what says none. `index` PLACES: it could not be read. Not static: see packet.h.
 */
__noinline int tell_said(struct __sk_buff *skb, struct packet *packet, struct flow *flow, u32 index)
{
	struct first_bytes *bytes = place(index);
	struct decision decision = {};

	if (!packet || !flow || flow->reason == REASON_INBOUND)
		return 0;
	if (bytes && (bytes->fault == REASON_NO_SERVER_NAME || bytes->fault == REASON_NOT_TLS))
		return 0;
	if (bytes && ((bytes->fault && bytes->fault != REASON_ENCRYPTED_HELLO) || bytes->names[SAID_TARGET].length))
		index = PLACES;
	decision.rule = flow->rule;
	decision.name = flow->name;
	decision.verdict = flow->verdict;
	decision.reason = flow->reason;
	send_named(skb, packet, flow, &decision, index);
	return 0;
}

/* What judge() comes to. */
enum judgement { JUDGED_PARTIAL, JUDGED, JUDGED_LATER };

/*
 * Judges what was said so far. Partial: more of the head is to come, and what is known of it may pass. Later: it is sent again.
 * Not static: see packet.h.
 */
__noinline int judge(struct __sk_buff *skb, struct packet *packet, struct flow *flow, u32 index)
{
	struct first_bytes *bytes = place(index);
	struct decision *decision;
	bool named, partial, word, refused;
	int https = HTTPS_NONE;
	u32 names;
	u8 next;

	if (!bytes || !packet || !flow)
		return JUDGED_LATER;
	decision = &bytes->decision;
	names = flow->names;
	named = read_first_bytes(index, names);
	partial = named && (is_partial(bytes, false) || is_waited_for(packet, flow, bytes, decision));
	word = named && is_word(flow, bytes);
	next = names_after(bytes, names);
	if (partial) {
		bytes->fault = bytes->encrypted ? REASON_ENCRYPTED_HELLO : 0;
		/* A Host may be cut in the middle; an SNI is not read before it is whole. */
		if (bytes->protocol == FIRST_HTTP)
			unsay_names(index);
	}
	if (word)
		bytes->fault = REASON_NOT_TLS;
	refused = named && decide_said(index, packet, flow, decision);
	if (!refused && names & NAMES_PENDING && !partial && !word && !is_bound(flow))
		tell_said(skb, packet, flow, index);
	if (refused || (named && bytes->protocol == FIRST_HTTP && decide_further(index, packet, flow, decision))) {
		if (word && !bytes->inside && decision->reason == REASON_NOT_TLS)
			decision->reason = REASON_SPLIT_HELLO;
		send_named(skb, packet, flow, decision, index);
		flow->names = next;
		note_refusal(flow, decision);
	} else if (partial || (word && bytes->size < PARTIAL_BYTES)) {
		return JUDGED_PARTIAL;
	} else if ((https = enter_https(skb, packet, flow, index, bytes->first)) == HTTPS_WAIT) {
		return JUDGED_LATER;
	} else if (https == HTTPS_REFUSED) {
		deny(decision, REASON_HTTPS_UNSEEN);
		send_named(skb, packet, flow, decision, index);
		note_refusal(flow, decision);
	} else {
		flow->names = next | (https == HTTPS_OPEN ? NAMES_HTTPS : 0);
		flow->reason = decision->reason;
		flow->rule = decision->rule;
		flow->name = decision->name;
		/* Another request begins behind it: with what follows all of it is read once more. */
		if (goes_on(packet, flow, bytes, decision)) {
			flow->judged = bytes->first;
			return JUDGED_PARTIAL;
		}
	}
	/* A record without meaning that the segment cuts is judged to its end. */
	flow->judged = bytes->end;
	if (flow->names & NAMES_RETRY && bytes->at > bytes->size)
		flow->judged += bytes->at - bytes->size;
	if (!is_denied(decision) && (is_bound(flow) || flow->names & NAMES_HTTPS))
		remember_checked(skb, flow);
	return JUDGED;
}

/* What take_segment() comes to. */
enum taking { TAKING_DROPS, TAKING_PASSES, TAKING_JUDGES };

/*
 * Takes what the segment has behind its headers, at `at`, together with what was sent before of the same head: to be judged, unless
 * it passes, or is dropped, without that. Not static: see packet.h.
 */
__noinline int take_segment(struct __sk_buff *skb, struct packet *packet, struct flow *flow, u32 at, u32 index)
{
	struct bpf_sock *sk = skb->sk ? bpf_sk_fullsock(skb->sk) : NULL;
	struct partial *partial = sk ? bpf_sk_storage_get(&partials, sk, 0, 0) : NULL;
	struct first_bytes *bytes = place(index);
	struct decision *decision;
	u32 first, end, before = 0;
	bool taken;

	if (!packet || !flow || !bytes)
		return TAKING_DROPS;
	decision = &bytes->decision;
	first = sequence_of(skb, packet);
	end = first + (skb->len - at);
	decision->generation = flow->generation;
	decision->rule = flow->rule;
	decision->name = flow->name;
	decision->verdict = flow->verdict;
	decision->reason = flow->reason;
	/* What is sent again was judged, maybe with bytes behind it that were not. */
	if (flow->names & (NAMES_HTTP | NAMES_RETRY) && (s32)(flow->judged - first) > 0) {
		if ((s32)(flow->judged - end) >= 0)
			return TAKING_PASSES;
		at += flow->judged - first;
		first = flow->judged;
	}
	if (!decide_changeable(skb, packet, flow, decision))
		return TAKING_DROPS;
	if (partial) {
		before = first - partial->first;
		/* What a gap is in front of comes again. */
		if (before > partial->length)
			return TAKING_DROPS;
		if (before + (skb->len - at) <= partial->length)
			return TAKING_PASSES;
		first = partial->first;
	}
	if (before)
		taken = partial && take_further_bytes(skb, at, index, bytes, partial, before);
	else
		taken = take_first_bytes(skb, at, index, bytes);
	bytes->first = first;
	bytes->end = end;
	return taken ? TAKING_JUDGES : TAKING_DROPS;
}

/* Looks at what a segment has at `at`. Returns whether it may pass. */
static __always_inline bool look_at(struct __sk_buff *skb, struct packet *packet, struct flow *flow, u32 at, u32 index,
				    struct first_bytes *bytes)
{
	int taking = take_segment(skb, packet, flow, at, index), judgement;
	struct bpf_sock *sk;

	if (taking != TAKING_JUDGES)
		return taking == TAKING_PASSES;
	judgement = judge(skb, packet, flow, index);
	if (judgement == JUDGED_LATER)
		return false;
	sk = skb->sk ? bpf_sk_fullsock(skb->sk) : NULL;
	if (judgement == JUDGED_PARTIAL)
		return sk && keep_partial(sk, bytes->first, bytes);
	if (sk)
		bpf_sk_storage_delete(&partials, sk);
	return !is_denied(&bytes->decision);
}

/*
 * Reads what a flow says first that nothing is decided by: all of it passes. A head in pieces is read until its name is known. Not
 * static: see packet.h.
 */
__noinline int read_said(struct __sk_buff *skb, struct packet *packet, struct flow *flow, u32 at)
{
	u32 index = claim_place();
	struct first_bytes *bytes = place(index);
	struct bpf_sock *sk = skb->sk ? bpf_sk_fullsock(skb->sk) : NULL;
	int taking = TAKING_DROPS;

	if (!packet || !flow)
		return 0;
	if (bytes)
		taking = take_segment(skb, packet, flow, at, index);
	if (bytes && taking == TAKING_JUDGES) {
		read_first_bytes(index, NAMES_PENDING);
		if (is_partial(bytes, true) && sk && keep_partial(sk, bytes->first, bytes))
			taking = TAKING_PASSES;
	}
	if (taking != TAKING_PASSES) {
		flow->names &= ~NAMES_UNREAD;
		if (bytes && bytes->length > 1 && byte_at(bytes, 0) == CONTENT_HANDSHAKE && byte_at(bytes, 1) == 3)
			flow->names |= NAMES_TLS;
		if (sk)
			bpf_sk_storage_delete(&partials, sk);
		tell_said(skb, packet, flow, taking == TAKING_JUDGES ? index : PLACES);
	}
	if (bytes)
		leave_place(bytes);
	return 0;
}

/*
 * Looks at a packet of a flow whose names are to be looked at. Returns 1 when it may pass. Not static: see packet.h.
 */
__noinline int look(struct __sk_buff *skb, struct packet *packet, struct flow *flow)
{
	struct first_bytes *bytes;
	u32 at, index;
	bool passes, https, urgent = false;

	if (!packet || !flow)
		return 0;
	at = payload_at(skb, packet, &urgent);
	if (at >= skb->len)
		return 1;
	/* What was refused is sent again until the socket is ended. */
	if (flow->names & NAMES_REFUSED)
		return 0;
	if (flow->names & NAMES_UNREAD) {
		read_said(skb, packet, flow, at);
		return 1;
	}
	if (urgent && flow->names & NAMES_LOOK && !decide_urgent(skb, packet, flow))
		return 0;
	if (flow->names & NAMES_HTTPS && !is_under_https(flow))
		flow->names &= ~NAMES_HTTPS;
	/* What was refused meanwhile is told once. */
	if (flow->names & NAMES_HTTPS && !pass_https(skb, packet, flow, at)) {
		refuse_stalled(skb, packet, flow);
		return 0;
	}
	if (!(flow->names & NAMES_LOOK & ~NAMES_HTTPS))
		return 1;
	https = flow->names & NAMES_HTTPS;
	index = claim_place();
	bytes = place(index);
	/* The packet is dropped, and sent again. */
	if (!bytes)
		return 0;
	passes = look_at(skb, packet, flow, at, index, bytes);
	leave_place(bytes);
	/* The first bytes themselves: maybe there is more behind the hello. */
	if (passes && !https && flow->names & NAMES_HTTPS)
		return pass_https(skb, packet, flow, at);
	return passes;
}
