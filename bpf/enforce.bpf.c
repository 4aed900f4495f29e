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
#include "egress.h"
#include "redirect.h"
#include "sockets.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* What no map holds, so that it is in the object's BTF, where a test finds it. */
const volatile struct connect_layout {
	struct connect_record record;
	enum connect_verdict verdict;
	enum connect_via via;
	enum connect_reason reason;
	struct named_record named;
} connect_layout = {};

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

SEC("cgroup/sock_create")
int sock_create(struct bpf_sock *ctx)
{
	return made(ctx);
}

SEC("cgroup/post_bind4")
int post_bind4(struct bpf_sock *ctx)
{
	struct destination at = {
		.words = { 0, 0, bpf_htonl(0xffff), ctx->src_ip4 },
		.port = ctx->src_port,
		.protocol = ctx->protocol,
	};

	return bound(ctx, &at);
}

SEC("cgroup/post_bind6")
int post_bind6(struct bpf_sock *ctx)
{
	struct destination at = {
		.words = { ctx->src_ip6[0], ctx->src_ip6[1], ctx->src_ip6[2], ctx->src_ip6[3] },
		.port = ctx->src_port,
		.protocol = ctx->protocol,
	};

	return bound(ctx, &at);
}

SEC("tp_btf/sys_exit")
int socket_family(u64 *ctx)
{
	return tell_family((struct pt_regs *)ctx[0], ctx[1]);
}

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__bpf_sk_storage_map {
	struct bpf_iter_meta *meta;
	struct sock *sk;
	void *value;
};
#pragma clang attribute pop

/* Connections under HTTPS rules that hold bytes which were not granted: they would leave when nobody looks any more. */
SEC("iter/bpf_sk_storage_map")
int https_ungranted(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	struct https_socket *socket = ctx->value;
	struct sock *sk = ctx->sk;
	struct https_ends ends;

	if (!sk || !socket || !socket->ends.cookie || is_queue_granted(sk, socket))
		return 0;
	ends = socket->ends;
	bpf_seq_write(ctx->meta->seq, &ends, sizeof(ends));
	return 0;
}

SEC("cgroup_skb/egress")
int egress(struct __sk_buff *skb)
{
	return pass_packet(skb);
}
