/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * Connects, and datagrams that name their destination, with the process at hand. Port 53 leads to the DNS proxy,
 * whichever server was asked; answers come from the server that was asked, as far as the process can tell.
 */
#pragma once

#include "exempt.h"
#include "flows.h"

enum direction {
	DENIED = 0,
	PASSES = 1,
	TO_PROXY = 2,
};

/* Each network namespace has a loopback of its own. */
static __always_inline u32 netns_of(u64 cookie)
{
	return !proxy_netns || cookie == proxy_netns ? 0 : (u32)cookie;
}

static __always_inline bool asks_dns(const struct destination *to)
{
	if (to->port != DNS_PORT || (to->protocol != IPPROTO_TCP && to->protocol != IPPROTO_UDP))
		return false;
	return is_mapped(to) ? proxy_port4 : proxy_port6;
}

/* Keeps who uses the socket, and which server it asked. */
static __always_inline bool note_server(struct bpf_sock *sk, const struct destination *to, const struct owner *owner,
					u32 netns)
{
	struct socket_state *state = bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);

	if (!state)
		return false;
	own(state, owner);
	__builtin_memcpy(state->server, to->address, 16);
	state->server_port = to->port;
	state->netns = netns;
	return true;
}

static __always_inline bool has_asked(struct bpf_sock *sk)
{
	struct socket_state *state = bpf_sk_storage_get(&sockets, sk, 0, 0);
	return state && state->server_port;
}

/* A socket may connect again (AF_UNSPEC dissolves a connection): nothing of what it said before holds for the new one. */
static __always_inline void forget_connection(struct bpf_sock *sk)
{
	struct socket_state *state = bpf_sk_storage_get(&sockets, sk, 0, 0);

	if (!state)
		return;
	state->checked = 0;
	bpf_sk_storage_delete(&partials, sk);
	bpf_sk_storage_delete(&https_sockets, sk);
}

/* A connect, or a datagram that names its destination. */
static __noinline int direct(struct bpf_sock_addr *ctx, struct destination *to, u32 via)
{
	struct decision decision = { .rule = RULE_NONE, .generation = current_generation() };
	struct owner owner;
	struct bpf_sock *sk = ctx->sk;
	u64 cookie = bpf_get_socket_cookie(ctx);
	bool datagram = to->protocol == IPPROTO_UDP || to->protocol == IPPROTO_UDPLITE;
	struct socket_state *state;
	struct flow *flow = NULL;

	if (!sk)
		return DENIED;
	if (via == VIA_CONNECT && !datagram)
		forget_connection(sk);
	if (marks_exempt(sk))
		return PASSES;
	current_owner(&owner);
	if (is_proxy(to)) {
		/* Connected IPv6 sockets with an IPv4 peer come here at each send, with that peer. */
		if (via == VIA_SEND && sk->state == BPF_TCP_ESTABLISHED && has_asked(sk))
			return PASSES;
		decision.reason = REASON_PROXY;
		decision.verdict = VERDICT_BLOCKED;
		tell(&owner, to, &decision, cookie, via);
		return DENIED;
	}
	if (asks_dns(to)) {
		if (decide_block_list(to, &decision)) {
			tell(&owner, to, &decision, cookie, via);
			return DENIED;
		}
		if (note_server(sk, to, &owner, netns_of(bpf_get_netns_cookie(ctx))))
			return TO_PROXY;
	}
	if (via == VIA_CONNECT && datagram) {
		/*
		 * Sends nothing: resolvers connect datagram sockets to learn which addresses can be reached.
		 * What is sent then is decided and told as a packet; the sender gets the error at once.
		 */
		if (decide_block_list(to, &decision)) {
			tell(&owner, to, &decision, cookie, via);
			return DENIED;
		}
		state = bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
		if (state)
			own(state, &owner);
		return PASSES;
	}
	/* Datagrams of a socket to one place are one attempt, and counted as the flow that they are. */
	if (via == VIA_SEND) {
		flow = find_flow(to, cookie);
		if (flow && is_current(flow, decision.generation))
			return PASSES;
	}
	/* What a socket had open before gives a new connection nothing. */
	decide(to, via == VIA_CONNECT ? 0 : cookie, &decision, &owner, true);
	tell(&owner, to, &decision, cookie, via);
	if (is_denied(&decision))
		return DENIED;
	if (flow && hold_seat(flow, to, cookie)) {
		renew_flow(flow, &decision, 0);
		let_go_of_seat(flow);
		return PASSES;
	}
	note_flow(to, &decision, &owner, cookie, 0, first_names(to, &decision), 0);
	return PASSES;
}

static __always_inline void destination4(struct bpf_sock_addr *ctx, struct destination *to)
{
	to->words[2] = bpf_htonl(0xffff);
	to->words[3] = ctx->user_ip4;
	to->port = bpf_ntohs(ctx->user_port);
	to->protocol = ctx->protocol;
	to->family = AF_INET;
}

static __always_inline void destination6(struct bpf_sock_addr *ctx, struct destination *to)
{
	to->words[0] = ctx->user_ip6[0];
	to->words[1] = ctx->user_ip6[1];
	to->words[2] = ctx->user_ip6[2];
	to->words[3] = ctx->user_ip6[3];
	to->port = bpf_ntohs(ctx->user_port);
	to->protocol = ctx->protocol;
	to->family = is_mapped(to) ? AF_INET : AF_INET6;
}

static __always_inline int direct4(struct bpf_sock_addr *ctx, u32 via)
{
	struct destination to = {};
	int direction;

	destination4(ctx, &to);
	direction = direct(ctx, &to, via);
	if (direction == TO_PROXY) {
		ctx->user_ip4 = bpf_htonl(0x7f000001);
		ctx->user_port = bpf_htons(proxy_port4);
	}
	return direction == DENIED ? DENY : ALLOW;
}

static __always_inline int direct6(struct bpf_sock_addr *ctx, u32 via)
{
	struct destination to = {};
	int direction;

	destination6(ctx, &to);
	direction = direct(ctx, &to, via);
	if (direction == TO_PROXY && to.family == AF_INET) {
		ctx->user_ip6[3] = bpf_htonl(0x7f000001);
		ctx->user_port = bpf_htons(proxy_port4);
	} else if (direction == TO_PROXY) {
		ctx->user_ip6[0] = 0;
		ctx->user_ip6[1] = 0;
		ctx->user_ip6[2] = 0;
		ctx->user_ip6[3] = bpf_htonl(1);
		ctx->user_port = bpf_htons(proxy_port6);
	}
	return direction == DENIED ? DENY : ALLOW;
}

/* The server that this socket asked, when `from` is the proxy. */
static __always_inline struct socket_state *asked(struct bpf_sock_addr *ctx, const struct destination *from)
{
	struct bpf_sock *sk = ctx->sk;
	struct socket_state *state;

	if (!sk || !is_proxy(from))
		return NULL;
	state = bpf_sk_storage_get(&sockets, sk, 0, 0);
	return state && state->server_port ? state : NULL;
}

static __always_inline int restore4(struct bpf_sock_addr *ctx)
{
	struct destination from = {};
	struct socket_state *state;

	destination4(ctx, &from);
	state = asked(ctx, &from);
	if (state) {
		u32 address;
		__builtin_memcpy(&address, state->server + 12, 4);
		ctx->user_ip4 = address;
		ctx->user_port = bpf_htons(state->server_port);
	}
	return ALLOW;
}

static __always_inline int restore6(struct bpf_sock_addr *ctx)
{
	struct destination from = {};
	struct socket_state *state;

	destination6(ctx, &from);
	state = asked(ctx, &from);
	if (state) {
		u32 address[4];
		__builtin_memcpy(address, state->server, 16);
		ctx->user_ip6[0] = address[0];
		ctx->user_ip6[1] = address[1];
		ctx->user_ip6[2] = address[2];
		ctx->user_ip6[3] = address[3];
		ctx->user_port = bpf_htons(state->server_port);
	}
	return ALLOW;
}
