/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * Sockets that reach the network without IP: AF_PACKET, AF_XDP, AF_VSOCK and the like. No cgroup hook sees them
 * being made, and their packets pass none. They are told here; AF_PACKET and AF_XDP are stopped by the launcher, which
 * takes CAP_NET_RAW away. What was made all the same is told as `would-block`: that is the truth of this tier.
 */
#pragma once

#include "other_family.h"
#include "syscalls.h"
#include "tell.h"

#define CAP_NET_RAW 13
#define EPERM 1
#define EACCES 13

/* The kernel asks for the capability before it asks the cgroup hook: what lacks it never comes there. */
static __always_inline bool is_refused_raw(u32 family, u32 type, s64 result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u64 capabilities = 0;

	if (result != -EPERM || type != SOCK_RAW || (family != AF_INET && family != AF_INET6))
		return false;
	bpf_core_read(&capabilities, sizeof(capabilities), &task->cred->cap_effective);
	return !(capabilities >> CAP_NET_RAW & 1);
}

static __always_inline int tell_family(struct pt_regs *regs, s64 result)
{
	struct decision decision = { .rule = RULE_NONE, .reason = REASON_FAMILY };
	struct destination to = {};
	struct owner owner;
	struct call call = call_of(regs, bpf_get_current_task_btf());
	u32 family, type;

	if (call.act != ACT_SOCKET || !in_scope())
		return 0;
	family = argument(regs, call.compat, 0);
	type = argument(regs, call.compat, 1) & 0xf;
	if (call.compat)
		result = (s32)result;
	if (is_refused_raw(family, type, result))
		decision.reason = REASON_RAW_SOCKET;
	else if (!is_other_family(family))
		return 0;
	/* What the kernel does not have is no attempt. */
	if (result < 0 && result != -EPERM && result != -EACCES)
		return 0;
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
