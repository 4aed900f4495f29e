/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * Calls of TLS libraries. What moved is known when a call returns: its arguments are kept from its begin until then, and
 * the data is read at the end, as much as the call says that it moved. (What Go sends is told at the begin: see there.) All of
 * that is the program's own memory.
 *
 * These programs can be preempted by one another: nothing of theirs is in per-CPU memory, records are written in the
 * ring itself.
 */
#pragma once

#include "direct.h"
#include "https_state.h"
#include "tls.h"
#include "wakes.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
#if defined(__TARGET_ARCH_x86)
struct pt_regs___user {
	unsigned long r14, bx, r8, ax, cx, dx, si, di, sp;
};
#else
struct pt_regs___user {
	u64 regs[31];
	u64 sp;
};
#endif
#pragma clang attribute pop

/* Larger where writes are offered from the begin: what finds no room there does not leave. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} tls_chunks SEC(".maps");

/* A call under way: the thread (or Go's g) that makes it, and where the frame of the function is. */
struct tls_call_key {
	u64 thread;
	u64 frame;
	u32 tgid;
	u32 unused;
};

struct tls_call {
	u64 session;
	u64 buffer;
	u64 size;
	u64 count; /* where the count will be, with TLS_COUNT_BY_POINTER */
	u32 begun; /* probes that saw it begin: several where a file is probed under several names */
	u32 ended; /* and those that saw it end */
	u32 offered; /* user space has what it sends */
	u32 unused;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct tls_call_key);
	__type(value, struct tls_call);
} tls_calls SEC(".maps");

/* HTTP/2's frames can begin anywhere in a call: more of it is copied. Other protocols say first what follows. */
enum tls_session_state { SESSION_LOST = 1, SESSION_FRAMES = 2 };

struct tls_session {
	u32 state; /* enum tls_session_state */
	u32 unused;
	u64 sent;
};

/* Sessions that have been told of. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct tls_session_key);
	__type(value, struct tls_session);
} tls_sessions SEC(".maps");

static __always_inline struct tls_session_key session_of(u64 session)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return (struct tls_session_key){
		.session = session,
		.start = start_of(task),
		.tgid = task->tgid,
	};
}

static __always_inline void describe_session(struct tls_header *header, u16 kind, const struct tls_session_key *key)
{
	header->kind = kind;
	header->flags = 0;
	header->tgid = key->tgid;
	header->start = key->start;
	header->time = bpf_ktime_get_boot_ns();
	header->session = key->session;
}

struct telling {
	struct tls_session_key key;
	u64 buffer;
	u64 moved;
	u32 cookie;
	u32 state; /* enum tls_session_state */
};

static __always_inline void fill_chunk(struct tls_chunk *chunk, struct telling *t, u64 size, u32 copied, u32 room)
{
	describe_session(&chunk->header, TLS_CHUNK, &t->key);
	chunk->header.flags = t->state & SESSION_LOST;
	chunk->moved = size;
	chunk->cookie = t->cookie;
	/* The caller has chosen the room by it, which a verifier of 6.1 has forgotten here. */
	barrier_var(copied);
	if (copied > room)
		copied = room;
	if (bpf_probe_read_user(chunk->data, copied, (void *)t->buffer)) {
		copied = 0;
		count_tls_lost(TLS_LOST_DATA);
	}
	chunk->copied = copied;
	t->state &= ~SESSION_LOST;
	bpf_ringbuf_submit(chunk, wake_when_full(&tls_chunks));
}

#define TELL(room)                                                                                 \
	do {                                                                                       \
		struct tls_chunk *chunk =                                                          \
			bpf_ringbuf_reserve(&tls_chunks, sizeof(struct tls_chunk) + (room), 0);    \
		if (chunk) {                                                                       \
			fill_chunk(chunk, t, size, copied, room);                                  \
		} else {                                                                           \
			t->state |= SESSION_LOST;                                                  \
			count_tls_lost(TLS_LOST_CHUNK);                                            \
		}                                                                                  \
	} while (0)

/* What is only told leaves a quarter to what is decided about. */
static __always_inline bool has_room(void)
{
	u64 size = bpf_ringbuf_query(&tls_chunks, BPF_RB_RING_SIZE);

	return bpf_ringbuf_query(&tls_chunks, BPF_RB_AVAIL_DATA) < size - size / 4;
}

/*
 * How much of a call its next part stands for. `last` is the last part of which some may be left out: there is one more for
 * the call's end, which says whether a message ends with it.
 */
static __always_inline u64 part_of(u64 left, u32 index, u32 last)
{
	if (left <= TLS_PART)
		return left;
	return index < last || left <= TLS_PART + TLS_SMALL ? TLS_PART : left - TLS_SMALL;
}

static long tell_part(u32 index, struct telling *t)
{
	u64 size = part_of(t->moved, index, t->state & SESSION_FRAMES ? TLS_PARTS - 1 : 0);
	u32 copied;

	if (!size)
		return 1;
	if (!has_room()) {
		t->state |= SESSION_LOST;
		count_tls_lost(TLS_LOST_CHUNK);
		return 1;
	}
	copied = size > TLS_PART ? TLS_PART : size;
	if (copied <= TLS_SMALL)
		TELL(TLS_SMALL);
	else if (copied <= TLS_MIDDLE)
		TELL(TLS_MIDDLE);
	else
		TELL(TLS_PART);
	t->buffer += size;
	t->moved -= size;
	return 0;
}

/* The client's first bytes (RFC 9113 §3.4) are "PRI * HTTP/2.0". */
static __always_inline u32 first_state(u64 buffer)
{
	u32 word = 0;

	bpf_probe_read_user(&word, sizeof(word), (void *)buffer);
	return word == 0x20495250 ? SESSION_FRAMES : 0;
}

/* Not static: verified once, and not for each way that leads here. */
__noinline int tell_moved(const struct tls_call *call, u64 moved, u32 cookie)
{
	struct telling t = { .cookie = cookie };
	struct tls_session *session;

	if (!call)
		return 0;
	t.key = session_of(call->session);
	t.buffer = call->buffer;
	session = bpf_map_lookup_elem(&tls_sessions, &t.key);
	t.moved = moved < call->size ? moved : call->size;
	if (!session) {
		struct tls_session begun = { .state = first_state(call->buffer) };

		bpf_map_update_elem(&tls_sessions, &t.key, &begun, BPF_NOEXIST);
		session = bpf_map_lookup_elem(&tls_sessions, &t.key);
	}
	/* Also what an earlier call was given: GnuTLS sends it by a call without any. */
	if (session && !(cookie & TLS_RECEIVED))
		__sync_fetch_and_add(&session->sent, moved);
	if (call->offered)
		return 0;
	t.state = session ? session->state : 0;
	bpf_loop(TLS_PARTS + 1, tell_part, &t, 0);
	if (session)
		session->state = t.state;
	return 0;
}

/*
 * A file of a container's image has another device in each container, and is probed for each, at the same place in the same
 * file: its calls begin and end once for each of these. Go's begin again where the stack must grow. A call that was left by
 * a jump does not end; the next one in its place begins it anew.
 */
static __always_inline bool begin_call(const struct tls_call_key *key, struct tls_call *call)
{
	struct tls_call *kept = bpf_map_lookup_elem(&tls_calls, key);
	bool again = kept && !kept->ended;

	call->begun = again ? kept->begun + 1 : 1;
	bpf_map_update_elem(&tls_calls, key, call, BPF_ANY);
	return !again;
}

static __always_inline void note_offered(const struct tls_call_key *key)
{
	struct tls_call *kept = bpf_map_lookup_elem(&tls_calls, key);

	if (kept)
		kept->offered = 1;
}

/* True for the first end of a call, with its arguments. One that has not begun is counted. */
static __always_inline bool end_call(const struct tls_call_key *key, struct tls_call *call)
{
	struct tls_call *kept = bpf_map_lookup_elem(&tls_calls, key);

	if (!kept) {
		count_tls_lost(TLS_LOST_BEGIN);
		return false;
	}
	*call = *kept;
	kept->ended++;
	if (kept->ended >= kept->begun)
		bpf_map_delete_elem(&tls_calls, key);
	return call->ended == 0;
}

static __always_inline void end_session(u64 session)
{
	struct tls_session_key key = session_of(session);
	struct tls_session *known = bpf_map_lookup_elem(&tls_sessions, &key);
	struct tls_header *end;

	if (!known)
		return;
	end = bpf_ringbuf_reserve(&tls_chunks, sizeof(*end), 0);
	if (!end) {
		known->state = SESSION_LOST;
		count_tls_lost(TLS_LOST_CHUNK);
		return;
	}
	describe_session(end, TLS_END, &key);
	bpf_ringbuf_submit(end, wake_when_full(&tls_chunks));
	bpf_map_delete_elem(&tls_sessions, &key);
}
