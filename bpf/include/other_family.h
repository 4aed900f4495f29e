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

/* The others are of use on this machine only, or seen by the cgroup hooks. */
static __always_inline bool is_other_family(u32 family)
{
	return family != AF_UNIX && family != AF_INET && family != AF_INET6 && family != AF_KEY &&
	       family != AF_NETLINK && family != AF_ALG && family != AF_KCM;
}
