/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* Where something goes. */
#pragma once

#include <bpf/bpf_endian.h>
#include "kernel.h"

/* A destination, 16 bytes as two words so that it is compared in two steps. */
struct destination {
	union {
		u8 address[16];
		u32 words[4];
		u64 halves[2];
	};
	u16 port;
	u8 protocol;
	u8 family;
};

static __always_inline bool is_mapped(const struct destination *to)
{
	return to->halves[0] == 0 && to->words[2] == bpf_htonl(0xffff);
}

/* 127.0.0.0/8 and ::1; and the unspecified address, which the kernel takes for them. */
static __always_inline bool is_loopback(const struct destination *to)
{
	if (is_mapped(to))
		return to->address[12] == 127 || to->words[3] == 0;
	return to->halves[0] == 0 && to->words[2] == 0 && (to->words[3] == bpf_htonl(1) || to->words[3] == 0);
}
