/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* Readers look by themselves (packages/sensor/src/looks.ts says how often): a wake-up costs the job more than most records do. */
#pragma once

#include "kernel.h"
#include "quiet.h"

static __always_inline bool fills_up(void *ring)
{
	return bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) > bpf_ringbuf_query(ring, BPF_RB_RING_SIZE) / 4;
}

/* Flags for a record that nobody must act upon at once. */
static __always_inline u64 wake_when_full(void *ring)
{
	return ends_quiet(bpf_ktime_get_ns()) || fills_up(ring) ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
}
