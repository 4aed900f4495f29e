/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * The two rings that every object shares, and the count of what did not fit. The loader opens the
 * first object with maps of its own and the others with these reused.
 *
 * `urgent` wakes its reader (at most once in 2 ms): exec, denials, sandbox changes, sensitive places. `bulk` never does:
 * fork, exit, files of the workspace, loopback. A flood of bulk loses bulk only. The reader takes both in the order of the
 * records' time stamps, and relies on this: a time stamp is taken before its record is reserved.
 */
#pragma once

#include "kernel.h"
#include "record.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} urgent SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20);
} bulk SEC(".maps");

/* Failed reservations, by enum record_kind. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, RECORD_KINDS);
	__type(key, u32);
	__type(value, u64);
} lost SEC(".maps");

static __always_inline void count_lost(u32 kind)
{
	u64 *count = bpf_map_lookup_elem(&lost, &kind);
	if (count)
		(*count)++;
}

/* Each returns 0, or a negative errno after counting the loss. */
/* When this object last woke the reader, CLOCK_MONOTONIC ns. */
u64 last_wake;

/*
 * A wake-up for every record of a storm costs the job more than the record does, so after one there is none
 * for this long. The reader looks by itself every 10 ms: a storm's urgent record waits for that at most.
 */
enum { QUIET_NS = 2000000 };

static __always_inline long send_urgent(void *record, u64 size, u32 kind)
{
	u64 now = bpf_ktime_get_ns();
	u64 flags = BPF_RB_NO_WAKEUP;
	if (now - last_wake > QUIET_NS) {
		last_wake = now;
		flags = BPF_RB_FORCE_WAKEUP;
	}
	long error = bpf_ringbuf_output(&urgent, record, size, flags);
	if (error)
		count_lost(kind);
	return error;
}

static __always_inline long send_bulk(void *record, u64 size, u32 kind)
{
	long error = bpf_ringbuf_output(&bulk, record, size, BPF_RB_NO_WAKEUP);
	if (error)
		count_lost(kind);
	return error;
}
