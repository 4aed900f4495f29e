/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* When a file was last changed (ctime, ns since the epoch): content, name or rights. Nobody sets it but the kernel. */
#pragma once

#include "kernel.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct timespec64 {
	s64 tv_sec;
	long tv_nsec;
};

/* Since 6.11. */
struct inode___seconds {
	s64 i_ctime_sec;
	u32 i_ctime_nsec;
};

/* 6.6 to 6.10. */
struct inode___hidden {
	struct timespec64 __i_ctime;
};

struct inode___before {
	struct timespec64 i_ctime;
};
#pragma clang attribute pop

/* The bit above them says whether somebody has asked since (6.13). */
enum { NANOSECONDS = 0x7fffffff };

static __always_inline u64 changed_at(struct inode *inode)
{
	struct inode___seconds *seconds = (void *)inode;
	struct inode___hidden *hidden = (void *)inode;
	struct inode___before *before = (void *)inode;

	if (bpf_core_field_exists(seconds->i_ctime_sec))
		return BPF_CORE_READ(seconds, i_ctime_sec) * 1000000000 + (BPF_CORE_READ(seconds, i_ctime_nsec) & NANOSECONDS);
	if (bpf_core_field_exists(hidden->__i_ctime))
		return BPF_CORE_READ(hidden, __i_ctime.tv_sec) * 1000000000 + BPF_CORE_READ(hidden, __i_ctime.tv_nsec);
	return BPF_CORE_READ(before, i_ctime.tv_sec) * 1000000000 + BPF_CORE_READ(before, i_ctime.tv_nsec);
}
