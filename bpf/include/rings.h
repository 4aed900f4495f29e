/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * The two rings that every object shares, and the count of what did not fit. The loader opens the
 * first object with maps of its own and the others with these reused.
 *
 * `urgent`: exec, denials, sandbox changes, steps, sensitive places. `bulk`: fork, exit, files of the workspace, loopback; a
 * flood of it loses bulk only. What the reader should act upon at once wakes it, at most once in 2 ms (the first start of a program always), and so does a ring
 * that fills up, and what comes first behind a while of nothing (quiet.h); all else waits for the reader, which looks by
 * itself (packages/sensor/src/looks.ts says how often): a wake-up costs the job more than most records do. The reader takes both in the order of the
 * records' time stamps, and relies on this: a time stamp is taken before its record is reserved.
 */
#pragma once

#include "kernel.h"
#include "quiet.h"
#include "record.h"

enum {
	URGENT_BYTES = 4 << 20,
	BULK_BYTES = 16 << 20,
	QUIET_NS = 2000000,
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, URGENT_BYTES);
} urgent SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, BULK_BYTES);
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

/* When this object last woke the reader, CLOCK_MONOTONIC ns. */
u64 last_wake;

/* Flags for a record: whether it wakes the reader. */
static __always_inline u64 wake_if(bool wanted)
{
	u64 now = bpf_ktime_get_ns();

	if ((!ends_quiet(now) && !wanted) || now - last_wake <= QUIET_NS)
		return BPF_RB_NO_WAKEUP;
	last_wake = now;
	return BPF_RB_FORCE_WAKEUP;
}

/* For a record that is of no use when it is read later. */
static __always_inline u64 wake_now(void)
{
	last_told = last_wake = bpf_ktime_get_ns();
	return BPF_RB_FORCE_WAKEUP;
}

static __always_inline bool fills_up_bulk(void)
{
	return bpf_ringbuf_query(&bulk, BPF_RB_AVAIL_DATA) > BULK_BYTES / 4;
}

static __always_inline bool fills_up_urgent(void)
{
	return bpf_ringbuf_query(&urgent, BPF_RB_AVAIL_DATA) > URGENT_BYTES / 4;
}

/* Each returns 0, or a negative errno after counting the loss. */
static __always_inline long output_urgent(void *record, u64 size, u32 kind, u64 wake)
{
	long error = bpf_ringbuf_output(&urgent, record, size, wake);
	if (error)
		count_lost(kind);
	return error;
}

static __always_inline long send_urgent(void *record, u64 size, u32 kind)
{
	return output_urgent(record, size, kind, wake_if(true));
}

static __always_inline long output_bulk(void *record, u64 size, u32 kind, bool wakes)
{
	long error = bpf_ringbuf_output(&bulk, record, size, wake_if(wakes));
	if (error)
		count_lost(kind);
	return error;
}

static __always_inline long send_bulk(void *record, u64 size, u32 kind)
{
	return output_bulk(record, size, kind, fills_up_bulk());
}

/* For what a job may make many of, and the reader should look at before it is over. */
static __always_inline long send_bulk_at_once(void *record, u64 size, u32 kind)
{
	return output_bulk(record, size, kind, true);
}
