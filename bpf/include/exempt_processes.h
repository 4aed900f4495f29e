/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* Which processes the policy does not hold for: what exempt.bpf.c writes and exempt.h reads. */
#pragma once

#include "kernel.h"

struct process_id {
	u64 start;
	u32 tgid;
	u32 pad;
};

/* Processes that are exempt; the value is the bit of the program that they are for, 0: they were named themselves. Without room one is not. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct process_id);
	__type(value, u32);
} exempt_processes SEC(".maps");
