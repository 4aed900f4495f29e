/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * Readers look by themselves (packages/sensor/src/looks.ts), and stop when nothing has come for a while: the first record
 * behind such a while has to wake them. The kernel's is the shorter one, so that who stops never misses it.
 */
#pragma once

#include "kernel.h"

enum {
	QUIET_WHILE_NS = 150000000, /* looks.ts: 240 ms */
	COARSE_NS = 20000000,	    /* of last_told: every record reads it, few write it */
};

/* When this object last told something, CLOCK_MONOTONIC ns. */
u64 last_told;

static __always_inline bool ends_quiet(u64 now)
{
	u64 since = now - last_told;

	/* Another processor may have written a later time. */
	if ((s64)since < COARSE_NS)
		return false;
	last_told = now;
	return since > QUIET_WHILE_NS;
}
