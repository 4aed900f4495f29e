/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* Which sockets the policy does not hold for: see exempt.h. */
#pragma once

#include "kernel.h"

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, u8);
} exempt_sockets SEC(".maps");
