/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* Every packet of the scope's sockets. Nothing that went round the calls leaves. */
#pragma once

#include "exempt.h"
#include "flows.h"
#include "neighbours.h"

/* The first of every network namespace. */
#define LOOPBACK_DEVICE 1

/* The process behind a packet to the proxy, under the address that the proxy sees. */
static __always_inline void note_dns_client(const struct packet *packet, struct socket_state *state)
{
	struct dns_client_key key = {
		.protocol = packet->to.protocol,
		.port = packet->source_port,
		.netns = state->netns,
	};
	struct dns_client client = { .start = state->start, .tgid = state->tgid, .port = state->server_port };

	if (packet->to.protocol == IPPROTO_TCP && !packet->opens)
		return;
	__builtin_memcpy(key.address, packet->source, 16);
	__builtin_memcpy(client.server, state->server, 16);
	bpf_map_update_elem(&dns_client, &key, &client, BPF_ANY);
}

/*
 * Another policy may no longer allow the name that a connection has said, though it allows another one there. Returns
 * what is to be looked at for names. Not static: see packet.h.
 */
__noinline int recheck(const struct destination *to, const struct flow *flow, const struct socket_state *state,
		       const struct owner *owner, struct decision *decision)
{
	struct led_key key = {};
	u32 rule;
	u8 names, known;

	if (!to || !owner || !decision)
		return 0;
	/* Looked up once: a verifier of 6.1 does not remember that without a flow there is a state. */
	names = known = first_names(to, decision);
	if (flow && !(flow->names & (NAMES_PENDING | NAMES_REFUSED))) {
		key.name = flow->name;
	} else if (!flow && state && state->checked) {
		key.name = state->name;
		known = state->names;
	} else {
		return names;
	}
	/* A name with HTTPS rules was said, which did not open the way. */
	if (known & NAMES_HTTPS && (decision->reason != REASON_NAME || decision->unchecked))
		return known;
	if (to->protocol != IPPROTO_TCP || decision->reason != REASON_NAME || decision->unchecked)
		return names;
	names = known;
	__builtin_memcpy(key.address, to->address, 16);
	if (find_owned_grant(&key, to->port, owner, &rule)) {
		decision->name = key.name;
		decision->rule = rule;
		if (must_be_seen(decision->generation, rule))
			names |= NAMES_HTTPS;
	} else if (is_shared(to->address)) {
		deny(decision, REASON_SERVER_NAME);
	}
	return names;
}

/* In place of a verdict: it may pass if look() lets it. */
#define ALLOW_LOOKED 2

/*
 * A packet for which no flow says what is decided, or whose flow is of another policy: ALLOW, DENY or ALLOW_LOOKED. Not static:
 * see packet.h.
 */
__noinline int decide_packet(struct __sk_buff *skb, struct packet *packet)
{
	struct decision decision = { .rule = RULE_NONE, .generation = current_generation() };
	u64 cookie = bpf_get_socket_cookie(skb);
	struct socket_state *state = NULL;
	struct owner owner = {};
	struct flow *flow = NULL;
	struct bpf_sock *sk;
	u8 via = VIA_PACKET, names = 0;

	if (!packet)
		return DENY;
	if (!packet->fault)
		flow = find_flow(&packet->to, cookie);
	if (flow && !hold_seat(flow, &packet->to, cookie))
		flow = NULL;
	sk = skb->sk;
	if (sk)
		sk = bpf_sk_fullsock(sk);
	if (sk)
		state = bpf_sk_storage_get(&sockets, sk, 0, 0);
	if (flow) {
		owner.start = flow->start;
		owner.tgid = flow->tgid;
		owner.uid = flow->uid;
	} else if (state) {
		owner.start = state->start;
		owner.tgid = state->tgid;
		owner.uid = state->uid;
	}

	if (is_from_proxy(packet)) {
		/* Whichever way it came to the port, also without a bind: what the proxy says opens addresses. */
		decision.verdict = VERDICT_BLOCKED;
		decision.reason = REASON_RESOLVER;
	} else if (packet->fault) {
		if (!decide_block_list(&packet->to, &decision))
			deny(&decision, packet->fault);
	} else if (is_proxy(&packet->to)) {
		if (state && state->server_port) {
			note_dns_client(packet, state);
			return ALLOW;
		}
		decision.verdict = VERDICT_BLOCKED;
		decision.reason = REASON_PROXY;
	} else {
		decide(&packet->to, cookie, &decision, &owner, false);
		names = recheck(&packet->to, flow, state, &owner, &decision);
		/* Root can route 127.0.0.0/8 to another device. */
		if (decision.reason == REASON_LOOPBACK && skb->ifindex != LOOPBACK_DEVICE)
			deny(&decision, REASON_NO_RULE);
		/* A process's connect would have left a flow. */
		if (packet->to.protocol == IPPROTO_TCP && !flow && decision.reason == REASON_NO_RULE)
			decision.reason = REASON_INBOUND;
		/* A connected datagram socket: this is the process's own send. */
		if (packet->to.protocol == IPPROTO_UDP && owner.tgid && sk && sk->type == SOCK_DGRAM)
			via = VIA_SEND;
	}
	if (flow && packet->to.protocol == IPPROTO_TCP && !packet->fault && is_denied(&decision)) {
		end_flow(skb, packet, flow, &decision);
		let_go_of_seat(flow);
		return DENY;
	}
	/* Of an accepted connection the listener's answer was told, with its process. */
	if (decision.reason != REASON_INBOUND || decision.verdict != VERDICT_WOULD_BLOCK || owner.tgid || packet->opens)
		tell(&owner, &packet->to, &decision, cookie, via);
	if (is_denied(&decision)) {
		if (flow)
			let_go_of_seat(flow);
		return DENY;
	}
	if (packet->fault)
		return ALLOW;
	if (flow) {
		renew_flow(flow, &decision, skb->len);
		renew_https(flow);
		names = flow->names;
		let_go_of_seat(flow);
	} else if (!note_flow(&packet->to, &decision, &owner, cookie, skb->len, names, state ? state->judged : 0)) {
		/* Nothing is looked at without a seat: TCP sends it again, and there is one as soon as one of four was silent. */
		return names & NAMES_LOOK & ~NAMES_UNREAD && skb->len != packet->data_at ? DENY : ALLOW;
	}
	return names & NAMES_LOOK ? ALLOW_LOOKED : ALLOW;
}

/* Whether a packet of a decided flow passes. What was read of the flow counts while it has its seat. */
static __always_inline bool is_let_by_look(struct __sk_buff *skb, struct packet *packet, struct flow *flow, u64 cookie)
{
	u8 names = flow->names;
	bool passes;

	if (!(names & NAMES_LOOK) || skb->len == packet->data_at)
		return has_seat(flow, &packet->to, cookie, names);
	passes = hold_seat(flow, &packet->to, cookie) && look(skb, packet, flow);
	let_go_of_seat(flow);
	return passes;
}

/* Most packets are of a flow that is decided: found out before anything else is. */
static __always_inline int pass_packet(struct __sk_buff *skb)
{
	bool local = skb->ifindex == LOOPBACK_DEVICE;
	struct packet packet = {};
	struct flow *flow = NULL;
	u64 cookie = 0;
	int verdict;

	if (is_exempt_packet(skb))
		return ALLOW;
	if (!read_plain(skb, &packet))
		read_packet(skb, &packet);
	if (!packet.fault && !is_from_proxy(&packet)) {
		if (scope_level == 0 && is_neighbour_talk(skb, &packet))
			return ALLOW;
		if (packet.upkeep || (local && is_loopback(&packet.to) && !is_proxy(&packet.to)))
			return ALLOW;
		cookie = bpf_get_socket_cookie(skb);
		flow = find_flow(&packet.to, cookie);
		if (flow && is_current(flow, current_generation())) {
			if (!is_let_by_look(skb, &packet, flow, cookie))
				return DENY;
			if (packet.to.protocol == IPPROTO_TCP)
				count_segment(flow, skb->len);
			else
				count_packet(flow, skb->len);
			return ALLOW;
		}
		/*
		 * Between addresses of this machine: the connect was decided, and what answers it stays here.
		 * A server of the job and its client may both be in the scope.
		 */
		if (local && packet.to.protocol == IPPROTO_TCP && !packet.opens && !flow && !is_proxy(&packet.to))
			return ALLOW;
	}
	verdict = decide_packet(skb, &packet);
	if (verdict != ALLOW_LOOKED)
		return verdict == ALLOW ? ALLOW : DENY;
	flow = find_flow(&packet.to, cookie);
	return flow && is_let_by_look(skb, &packet, flow, cookie) ? ALLOW : DENY;
}
