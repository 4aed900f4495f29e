/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* Address families that can reach another machine, IP aside. */
#pragma once

#include "kernel.h"

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define AF_KEY 15
#define AF_NETLINK 16
#define AF_ALG 38
#define AF_KCM 41

#define SOCK_RAW 3
/* Type of an old way to make a packet socket, under the name of IPv4 (packet(7)). */
#define SOCK_PACKET 10
#define AF_PACKET 17

#define CAP_NET_RAW 13
#define EPERM 1
#define EACCES 13

/* The others are of use on this machine only, or seen by the cgroup hooks. */
static __always_inline bool is_other_family(u32 family)
{
	return family != AF_UNIX && family != AF_INET && family != AF_INET6 && family != AF_KEY &&
	       family != AF_NETLINK && family != AF_ALG && family != AF_KCM;
}

/* The same for what a program asks for: `type` with its flags. */
static __always_inline bool asks_other_family(u32 family, u32 type)
{
	return is_other_family(family) || (family == AF_INET && (type & 0xf) == SOCK_PACKET);
}

/* What the kernel does not have is no attempt. */
static __always_inline bool is_no_attempt(s64 result)
{
	return result < 0 && result != -EPERM && result != -EACCES;
}

static __always_inline bool has_net_raw(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u64 capabilities = 0;

	bpf_core_read(&capabilities, sizeof(capabilities), &task->cred->cap_effective);
	return capabilities >> CAP_NET_RAW & 1;
}

/* The kernel asks for the capability before it asks the cgroup hook: what lacks it never comes there. */
static __always_inline bool is_refused_raw(u32 family, u32 type, s64 result)
{
	if (result != -EPERM || type != SOCK_RAW || (family != AF_INET && family != AF_INET6))
		return false;
	return !has_net_raw();
}
