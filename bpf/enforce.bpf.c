/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * Egress enforcement of one scope. The programs are attached to the scope's cgroup, so they see the
 * sockets that were made in it, wherever these are used.
 *
 *   socket    refuses what writes its own headers, and transports that no policy can allow
 *   connect   decides with the process at hand; a denied call fails at once with EPERM
 *   packet    decides about every packet again: nothing that went round the calls leaves
 *
 * Port 53 leads to the DNS proxy, whichever server was asked; answers come from the server that was
 * asked, as far as the process can tell.
 */
#include "kernel.h"
#include "families.h"
#include "server_name.h"
#include "neighbours.h"
#include "exempt.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* What no map holds, so that it is in the object's BTF, where a test finds it. */
const volatile struct connect_layout {
	struct connect_record record;
	enum connect_verdict verdict;
	enum connect_via via;
	enum connect_reason reason;
	struct named_record named;
} connect_layout = {};

/* The first of every network namespace. */
#define LOOPBACK_DEVICE 1

#define ALLOW 1
#define DENY 0

#define via_type(via, type) ((u32)(via) | (u32)(type) << 8)

enum direction {
	DENIED = 0,
	PASSES = 1,
	TO_PROXY = 2,
};

static __always_inline void own(struct socket_state *state, const struct owner *owner)
{
	state->start = owner->start;
	state->tgid = owner->tgid;
	state->uid = owner->uid;
}

/* What a flow that begins is still looked at for. */
static __always_inline u8 first_names(const struct destination *to, const struct decision *decision)
{
	bool bound = decision->reason == REASON_NAME || decision->reason == REASON_LIVE;
	u8 names = decision->unchecked ? NAMES_UNCHECKED : 0;
	struct policy *policy;

	if (to->protocol != IPPROTO_TCP)
		return 0;
	policy = policy_of(decision->generation);
	if ((bound && !decision->unchecked) || (policy && policy->blocked_names))
		names |= NAMES_PENDING;
	return names;
}

/* Notes that the way is open, or anew for a flow that was; what does not leave the machine is not noted. */
static __always_inline void note_flow(const struct destination *to, const struct decision *decision,
				      const struct owner *owner, u64 cookie, u32 bytes, u8 names)
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
	flow->names = (flow->names & NAMES_LOOK) | (decision->unchecked ? NAMES_UNCHECKED : 0);
	if (bytes) {
		__sync_fetch_and_add(&flow->bytes, bytes);
		__sync_fetch_and_add(&flow->packets, 1);
	}
}

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
		if (flow && flow->generation == decision.generation)
			return PASSES;
	}
	decide(to, cookie, &decision);
	tell(&owner, to, &decision, cookie, via);
	if (is_denied(&decision))
		return DENIED;
	if (flow)
		renew_flow(flow, &decision, 0);
	else
		note_flow(to, &decision, &owner, cookie, 0, first_names(to, &decision));
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

SEC("cgroup/connect4")
int connect4(struct bpf_sock_addr *ctx)
{
	return direct4(ctx, VIA_CONNECT);
}

SEC("cgroup/connect6")
int connect6(struct bpf_sock_addr *ctx)
{
	return direct6(ctx, VIA_CONNECT);
}

SEC("cgroup/sendmsg4")
int sendmsg4(struct bpf_sock_addr *ctx)
{
	return direct4(ctx, VIA_SEND);
}

SEC("cgroup/sendmsg6")
int sendmsg6(struct bpf_sock_addr *ctx)
{
	return direct6(ctx, VIA_SEND);
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

SEC("cgroup/recvmsg4")
int recvmsg4(struct bpf_sock_addr *ctx)
{
	return restore4(ctx);
}

SEC("cgroup/recvmsg6")
int recvmsg6(struct bpf_sock_addr *ctx)
{
	return restore6(ctx);
}

SEC("cgroup/getpeername4")
int getpeername4(struct bpf_sock_addr *ctx)
{
	return restore4(ctx);
}

SEC("cgroup/getpeername6")
int getpeername6(struct bpf_sock_addr *ctx)
{
	return restore6(ctx);
}

/* Only sockets of IPv4 and IPv6 come here. */
SEC("cgroup/sock_create")
int sock_create(struct bpf_sock *ctx)
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

/* Whether queries of the machine may come to what is bound at `at`, in place of the machine's resolver. */
static __always_inline bool stands_in(struct bpf_sock *ctx, const struct destination *at)
{
	return local_resolver && ctx->src_port == DNS_PORT && is_loopback(at) && !netns_of(bpf_get_netns_cookie(ctx));
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
	if (stands_in(ctx, at)) {
		struct decision decision = { .rule = RULE_NONE, .generation = current_generation() };
		struct destination to = { .family = ctx->family, .protocol = ctx->protocol, .port = DNS_PORT };

		deny(&decision, REASON_RESOLVER);
		tell(&owner, &to, &decision, 0, via_type(VIA_SOCKET, ctx->type));
		return is_denied(&decision) ? DENY : ALLOW;
	}
	return ALLOW;
}

SEC("cgroup/post_bind4")
int post_bind4(struct bpf_sock *ctx)
{
	struct destination at = { .words = { 0, 0, bpf_htonl(0xffff), ctx->src_ip4 } };

	return bound(ctx, &at);
}

SEC("cgroup/post_bind6")
int post_bind6(struct bpf_sock *ctx)
{
	struct destination at = {
		.words = { ctx->src_ip6[0], ctx->src_ip6[1], ctx->src_ip6[2], ctx->src_ip6[3] },
	};

	return bound(ctx, &at);
}

SEC("tp_btf/sys_exit")
int socket_family(u64 *ctx)
{
	return tell_family((struct pt_regs *)ctx[0], ctx[1]);
}

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

/* Another policy may no longer allow the name that a connection has said, though it allows another one there. */
static __always_inline void recheck(const struct destination *to, const struct flow *flow, const struct socket_state *state,
				    struct decision *decision, u8 *names)
{
	u32 name, rule;

	if (flow && !(flow->names & (NAMES_PENDING | NAMES_REFUSED)))
		name = flow->name;
	else if (!flow && state && state->checked)
		name = state->name;
	else
		return;
	if (to->protocol != IPPROTO_TCP || decision->reason != REASON_NAME || decision->unchecked)
		return;
	if (!flow)
		*names = state->names;
	if (find_name_grant(to->address, to->port, name, &rule)) {
		decision->name = name;
		decision->rule = rule;
	} else if (is_shared(to->address)) {
		deny(decision, REASON_SERVER_NAME);
	}
}

SEC("cgroup_skb/egress")
int egress(struct __sk_buff *skb)
{
	struct decision decision = { .rule = RULE_NONE, .generation = current_generation() };
	struct socket_state *state = NULL;
	struct owner owner = {};
	struct packet packet = {};
	struct flow *flow = NULL;
	struct bpf_sock *sk;
	u8 via = VIA_PACKET, names = 0;
	bool local;
	u64 cookie;

	if (is_exempt_packet(skb))
		return ALLOW;
	if (!read_plain(skb, &packet))
		read_packet(skb, &packet);
	if (scope_level == 0 && !packet.fault && is_neighbour_talk(skb, &packet, 0))
		return ALLOW;
	local = skb->ifindex == LOOPBACK_DEVICE;
	if (!packet.fault && local && is_loopback(&packet.to) && !is_proxy(&packet.to))
		return ALLOW;
	if (!packet.fault && packet.upkeep)
		return ALLOW;

	cookie = bpf_get_socket_cookie(skb);
	if (!packet.fault) {
		flow = find_flow(&packet.to, cookie);
		if (flow && flow->generation == decision.generation) {
			if (flow->names & NAMES_LOOK && !look(skb, &packet, flow))
				return DENY;
			__sync_fetch_and_add(&flow->bytes, skb->len);
			__sync_fetch_and_add(&flow->packets, 1);
			return ALLOW;
		}
		/*
		 * Between addresses of this machine: the connect was decided, and what answers it stays here.
		 * A server of the job and its client may both be in the scope.
		 */
		if (local && packet.to.protocol == IPPROTO_TCP && !packet.opens && !flow && !is_proxy(&packet.to))
			return ALLOW;
	}

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

	if (packet.fault) {
		if (!decide_block_list(&packet.to, &decision))
			deny(&decision, packet.fault);
	} else if (is_proxy(&packet.to)) {
		if (state && state->server_port) {
			note_dns_client(&packet, state);
			return ALLOW;
		}
		decision.verdict = VERDICT_BLOCKED;
		decision.reason = REASON_PROXY;
	} else {
		decide(&packet.to, cookie, &decision);
		names = first_names(&packet.to, &decision);
		recheck(&packet.to, flow, state, &decision, &names);
		/* Root can route 127.0.0.0/8 to another device. */
		if (decision.reason == REASON_LOOPBACK && !local)
			deny(&decision, REASON_NO_RULE);
		/* A process's connect would have left a flow. */
		if (packet.to.protocol == IPPROTO_TCP && !flow && decision.reason == REASON_NO_RULE)
			decision.reason = REASON_INBOUND;
		/* A connected datagram socket: this is the process's own send. */
		if (packet.to.protocol == IPPROTO_UDP && owner.tgid && sk && sk->type == SOCK_DGRAM)
			via = VIA_SEND;
	}
	/* Of an accepted connection the listener's answer was told, with its process. */
	if (decision.reason != REASON_INBOUND || decision.verdict != VERDICT_WOULD_BLOCK || owner.tgid || packet.opens)
		tell(&owner, &packet.to, &decision, cookie, via);
	if (is_denied(&decision))
		return DENY;
	if (packet.fault)
		return ALLOW;
	if (flow) {
		renew_flow(flow, &decision, skb->len);
	} else {
		note_flow(&packet.to, &decision, &owner, cookie, skb->len, names);
		flow = find_flow(&packet.to, cookie);
	}
	if (flow && flow->names & NAMES_LOOK && !look(skb, &packet, flow))
		return DENY;
	return ALLOW;
}
