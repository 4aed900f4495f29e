/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* Sockets as they are made and bound. */
#pragma once

#include "exempt.h"
#include "tell.h"

/* Only sockets of IPv4 and IPv6 come here. */
static __always_inline int made(struct bpf_sock *ctx)
{
	struct decision decision = { .rule = RULE_NONE, .generation = current_generation() };
	struct destination to = {};
	struct socket_state *state;
	struct owner owner;

	if (marks_exempt(ctx))
		return ALLOW;
	/* Multipath TCP connects by the hook of TCP; subflows that the kernel adds are seen as packets. */
	if (ctx->type == SOCK_STREAM && (ctx->protocol == IPPROTO_TCP || ctx->protocol == IPPROTO_MPTCP))
		return ALLOW;
	if (ctx->type == SOCK_DGRAM && (ctx->protocol == IPPROTO_UDP || ctx->protocol == IPPROTO_UDPLITE))
		return ALLOW;
	current_owner(&owner);
	state = bpf_sk_storage_get(&sockets, ctx, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (state)
		own(state, &owner);
	if (ctx->type == SOCK_DGRAM && (ctx->protocol == IPPROTO_ICMP || ctx->protocol == IPPROTO_ICMPV6))
		return ALLOW;
	to.family = ctx->family;
	to.protocol = ctx->type == SOCK_RAW ? IPPROTO_RAW : ctx->protocol;
	deny(&decision, ctx->type == SOCK_RAW ? REASON_RAW_SOCKET : REASON_PROTOCOL);
	tell(&owner, &to, &decision, 0, via_type(VIA_SOCKET, ctx->type));
	return is_denied(&decision) ? DENY : ALLOW;
}

/* Whether queries may come to what is bound at `at`, in place of the machine's resolver. */
static __always_inline bool stands_in(struct bpf_sock *ctx, const struct destination *at)
{
	return local_resolver && at->port == DNS_PORT && is_loopback(at) && !netns_of(bpf_get_netns_cookie(ctx));
}

/* A socket that will listen: what it sends to those who come is its process's. */
static __always_inline int bound(struct bpf_sock *ctx, const struct destination *at)
{
	struct socket_state *state = bpf_sk_storage_get(&sockets, ctx, 0, BPF_SK_STORAGE_GET_F_CREATE);
	struct owner owner;

	if (marks_exempt(ctx))
		return ALLOW;
	current_owner(&owner);
	if (state)
		own(state, &owner);
	if (is_proxy(at) || stands_in(ctx, at)) {
		struct decision decision = { .rule = RULE_NONE, .generation = current_generation() };
		struct destination to = { .family = ctx->family, .protocol = ctx->protocol, .port = at->port };

		deny(&decision, REASON_RESOLVER);
		if (is_proxy(at))
			decision.verdict = VERDICT_BLOCKED;
		tell(&owner, &to, &decision, 0, via_type(VIA_SOCKET, ctx->type));
		return is_denied(&decision) ? DENY : ALLOW;
	}
	return ALLOW;
}
