/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * Writes that are offered before they are encrypted: as the policy has HTTPS rules, what leaves is known before it leaves. What
 * the kernel does not allow by itself stops its process until user space has decided, and then goes on, or ends.
 */
#pragma once

#include "exempt_processes.h"
#include "https_decide.h"

#define SIGNAL_KILL 9
#define SIGNAL_STOP 19

/* Flags of a TLS_OFFER: the write has more parts; the kernel has allowed it. */
#define OFFER_GOES_ON 2
#define OFFER_ALLOWED 4

/* Sessions that carry no HTTP and go to no host with rules: what they send is not offered. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct tls_session_key);
	__type(value, u32);
} https_free SEC(".maps");

/* Shared with exempt.h, as exempt_processes is. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u64);
	__type(value, u8);
} exempt_cgroups SEC(".maps");

/* Whether the policy does not hold for who writes. Not static: a frame of its own. */
__noinline int is_exempt_writer(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct process_id process = { .start = start_of(task), .tgid = task->tgid };

	if (bpf_map_lookup_elem(&exempt_processes, &process))
		return 1;
	for (u32 level = 1; level <= 16; level++) {
		u64 id = bpf_get_current_ancestor_cgroup_id(level);

		if (!id)
			break;
		if (bpf_map_lookup_elem(&exempt_cgroups, &id))
			return 1;
	}
	return 0;
}

struct offering {
	struct tls_session_key key;
	struct https_key family;
	struct https_offers *offers;
	struct https_requests *requests;
	u64 buffer;
	u64 left;
	u64 sent;
	u32 cookie;
	u16 allowed; /* OFFER_ALLOWED, or 0 */
	u8 decided;  /* it is known whether it is allowed */
	u8 rest_is_body; /* which nobody reads */
	u8 lost;
};

/* Before it is told: whoever has decided lets the process go on. */
static __always_inline void decide_write(struct offering *o, char *data, u32 copied)
{
	struct https_write write = {
		.requests = o->requests,
		.offers = o->offers,
		.family = &o->family,
		.data = data,
		.copied = copied,
		.size = o->left,
		.sent = o->sent,
	};

	o->decided = 1;
	if (write.requests && allow_write(&write)) {
		o->allowed = OFFER_ALLOWED;
		o->rest_is_body = !write.requests->reads_body;
		if (write.requests->asks == 1) {
			write.requests->asks = 3;
			bpf_map_update_elem(&https_asking, &o->key, &write.requests->asks, BPF_ANY);
		}
		return;
	}
	__sync_fetch_and_add(&o->offers->offered, 1);
	bpf_send_signal(SIGNAL_STOP);
}

static __always_inline u32 fill_offer(struct tls_chunk *chunk, struct offering *o, u32 copied, u32 room)
{
	describe_session(&chunk->header, TLS_OFFER, &o->key);
	chunk->family_start = o->family.start;
	chunk->family_tgid = o->family.tgid;
	chunk->sent = o->sent;
	chunk->cookie = o->cookie;
	/* See fill_chunk(). */
	barrier_var(copied);
	if (copied > room)
		copied = room;
	if (bpf_probe_read_user(chunk->data, copied, (void *)o->buffer))
		copied = 0;
	chunk->copied = copied;
	return copied;
}

/* `size`: bytes of the write that it stands for. */
static __always_inline void submit_offer(struct tls_chunk *chunk, struct offering *o, u64 size)
{
	bool more = size < o->left;

	chunk->moved = size;
	chunk->header.flags = o->allowed | (more ? OFFER_GOES_ON : 0);
	o->buffer += size;
	o->left -= size;
	if (o->allowed)
		bpf_ringbuf_submit(chunk, wake_when_full(&tls_chunks));
	else
		bpf_ringbuf_submit(chunk, more ? BPF_RB_NO_WAKEUP : BPF_RB_FORCE_WAKEUP);
}

/* The first part: all of it, or as much as a head can have. */
static __always_inline void offer_head(struct offering *o)
{
	struct tls_chunk *chunk = bpf_ringbuf_reserve(&tls_chunks, sizeof(struct tls_chunk) + HTTPS_HEAD, 0);
	u32 copied = o->left > HTTPS_HEAD ? HTTPS_HEAD : o->left;

	if (!chunk) {
		o->lost = 1;
		return;
	}
	decide_write(o, chunk->data, fill_offer(chunk, o, copied, HTTPS_HEAD));
	submit_offer(chunk, o, o->rest_is_body ? o->left : copied);
}

#define OFFER(room)                                                                                \
	do {                                                                                       \
		struct tls_chunk *chunk =                                                          \
			bpf_ringbuf_reserve(&tls_chunks, sizeof(struct tls_chunk) + (room), 0);    \
		if (chunk) {                                                                       \
			fill_offer(chunk, o, copied, room);                                        \
			submit_offer(chunk, o, size);                                              \
		} else {                                                                           \
			o->lost = 1;                                                               \
		}                                                                                  \
	} while (0)

static long offer_part(u32 index, struct offering *o)
{
	u64 size = part_of(o->left, index, TLS_PARTS - 1);
	u32 copied;

	if (!size || o->lost)
		return 1;
	copied = size > TLS_PART ? TLS_PART : size;
	if (copied <= TLS_MIDDLE)
		OFFER(TLS_MIDDLE);
	else
		OFFER(TLS_PART);
	return 0;
}

/* Whether it was offered: then it need not be told again when it was sent. Not static: verified once, and not for each way that leads here. */
__noinline int offer(const struct tls_call *call, u32 cookie)
{
	struct offering o = { .cookie = cookie };
	struct https_offers none = {};
	struct https_key key = {}, *family;
	struct tls_session *session;

	if (!call || !https_on() || !call->size)
		return 0;
	o.buffer = call->buffer;
	o.left = call->size;
	o.key = session_of(call->session);
	if (bpf_map_lookup_elem(&https_free, &o.key) || is_exempt_writer())
		return 0;
	session = bpf_map_lookup_elem(&tls_sessions, &o.key);
	if (session)
		o.sent = session->sent;
	o.requests = requests_of(&o.key, o.sent);
	key.start = o.key.start;
	key.tgid = o.key.tgid;
	family = bpf_map_lookup_elem(&https_seen, &key);
	if (family)
		key = *family;
	o.family = key;
	o.offers = bpf_map_lookup_elem(&https_offers, &key);
	if (!o.offers) {
		bpf_map_update_elem(&https_offers, &key, &none, BPF_NOEXIST);
		o.offers = bpf_map_lookup_elem(&https_offers, &key);
	}
	if (o.offers)
		offer_head(&o);
	bpf_loop(TLS_PARTS + 1, offer_part, &o, 0);
	/* What nobody can decide about does not leave. */
	if (!o.offers || o.lost) {
		count_tls_lost(TLS_LOST_OFFER);
		if (o.offers && !o.decided)
			__sync_fetch_and_add(&o.offers->offered, 1);
		bpf_send_signal(SIGNAL_KILL);
	}
	return 1;
}

/* A connection is over: another one may come to its address. */
static __always_inline void forget_offers(u64 session)
{
	struct tls_session_key key = session_of(session);

	bpf_map_delete_elem(&https_requests, &key);
	bpf_map_delete_elem(&https_free, &key);
	bpf_map_delete_elem(&https_asking, &key);
}
