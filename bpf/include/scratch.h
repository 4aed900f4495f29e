/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* Where a record is put together before it is sent: per CPU, one for each kind of program that can interrupt another. */
#pragma once

#include "kernel.h"
#include "observe.h"

/*
 * Tracepoints run with preemption disabled and never within one another, so they share slot 0. fentry
 * and fexit programs can be preempted, by others of them too: each has a slot of its own.
 */
enum scratch_slot {
	SLOT_TRACEPOINT = 0,
	SLOT_FILE_OPEN = 1,
	SLOT_UNLINK = 2,
	SLOT_RENAME = 3,
	SLOT_LINK = 4,
	SLOT_SYMLINK = 5,
	SLOTS = 6,
};

/* An act whose end is still to come: what is kept until then, the record with it. */
struct pending {
	u64 object; /* what the end of it must name again */
	u64 open_flags;
	u32 size; /* of the record; 0: there is none, its name says nothing */
	u8 is_urgent;
	u8 opcode;
	u16 unused;
	u32 file_slot; /* of an open by io_uring that makes no descriptor; see struct io_open */
	u32 unused2;
};

/* Of a record that is kept: what is longer is told at once, without its end. */
enum { PENDING_MAX = 2048 };

/* `text` of the record goes on for TEXT_MAX; the last string may reach over by its own limit. */
struct scratch {
	struct pending pending;
	union text_record record;
	char text[TEXT_MAX + PATH_MAX_KEPT];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SLOTS);
	__type(key, u32);
	__type(value, struct scratch);
} scratch SEC(".maps");

static __always_inline struct scratch *scratch_at(u32 slot)
{
	return bpf_map_lookup_elem(&scratch, &slot);
}

/* The verifier must see the bound; the compiler must not see that it knew it already. */
#define BOUND(value, mask) ({ u32 bounded = (value); asm volatile("%0 &= %1" : "+r"(bounded) : "i"(mask)); bounded; })

static __always_inline char *text_at(struct scratch *s, u32 offset)
{
	return s->text + BOUND(offset, TEXT_MAX - 1);
}

struct kept {
	struct pending pending;
	char record[PENDING_MAX];
};

/* Zeroes the fixed part. */
static __always_inline void clear_record(struct scratch *s)
{
	__builtin_memset(&s->record, 0, sizeof(s->record));
}

/* Size of a record with `used` bytes of text, bounded for the verifier. */
static __always_inline u32 record_size(u32 used)
{
	if (used > TEXT_MAX)
		used = TEXT_MAX;
	return TEXT_OFFSET + BOUND(used, 2 * TEXT_MAX - 1);
}
