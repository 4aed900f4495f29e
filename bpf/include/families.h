/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * Sockets that reach the network without IP: AF_PACKET, AF_XDP, AF_VSOCK and the like. No cgroup hook sees them
 * being made, and their packets pass none. They are told here, those made by io_uring in uring_socket.h; AF_PACKET and AF_XDP are stopped by the launcher, which
 * takes CAP_NET_RAW away. What was made all the same is told as `would-block`: that is the truth of this tier.
 */
#pragma once

#include "other_family.h"
#include "syscalls.h"
#include "tell.h"

/* The socket that a descriptor of the current process is of, as the kernel has it. */
static __always_inline struct socket *socket_of(s32 fd)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct files_struct *open_files = READ(struct task_struct, task, files);
	struct fdtable *table = READ(struct files_struct, open_files, fdt);
	struct file *file = pointer_at(READ(struct fdtable, table, fd) + (u32)fd);

	return READ(struct file, file, private_data);
}

static __always_inline int tell_family(struct pt_regs *regs, s64 result)
{
	struct decision decision = { .rule = RULE_NONE, .reason = REASON_FAMILY };
	struct destination to = {};
	struct owner owner;
	struct call call = call_of(acts_of(regs), bpf_get_current_task_btf());
	u32 family, type;

	if (call.compat)
		result = (s32)result;
	if ((call.act != ACT_SOCKET && (call.act != ACT_SOCKETCALL || argument(regs, true, 0) != CALL_SOCKET)) || !in_scope())
		return 0;
	if (call.act == ACT_SOCKET) {
		family = argument(regs, call.compat, 0);
		type = argument(regs, call.compat, 1) & 0xf;
	} else if (result < 0) {
		family = socketcall_argument(regs, 0);
		type = socketcall_argument(regs, 1) & 0xf;
	} else {
		struct socket *socket = socket_of(result);
		struct sock *sk = READ(struct socket, socket, sk);

		type = READ(struct socket, socket, type);
		family = READ(struct sock, sk, __sk_common.skc_family);
	}
	if (is_refused_raw(family, type, result))
		decision.reason = REASON_RAW_SOCKET;
	else if (!asks_other_family(family, type) || is_no_attempt(result))
		return 0;
	else if (family == AF_INET)
		family = AF_PACKET;
	decision.generation = current_generation();
	deny(&decision, decision.reason);
	if (result >= 0)
		decision.verdict = VERDICT_WOULD_BLOCK;
	to.family = family;
	to.protocol = IPPROTO_RAW;
	current_owner(&owner);
	tell(&owner, &to, &decision, 0, VIA_SOCKET | type << 8);
	return 0;
}
