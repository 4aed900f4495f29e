/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * First bytes that do not fit one segment. TCP hands over more than one at a time (GSO), so a head is whole as a rule;
 * but some devices take single segments only, and a ClientHello with a post-quantum key is longer than these. What has
 * been sent is kept with the socket, and the name is known before the last of the head is sent.
 */
#pragma once

#include "first_bytes.h"

/* Shorter ones are made so by their sender. 512 bytes fit the smallest segment that hosts must take (RFC 9293 §3.7.1). */
#define PARTIAL_LEAST 512
#define PARTIAL_BYTES HEAD_BYTES

struct partial {
	u32 first; /* sequence number */
	u32 length;
	u8 data[PARTIAL_BYTES] __attribute__((aligned(8)));
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct partial);
} partials SEC(".maps");

struct copy {
	struct first_bytes *bytes;
	struct partial *partial;
};

static long keep_word(u32 index, struct copy *copy)
{
	u32 at = index * 8 & (PARTIAL_BYTES - 8);

	*(u64 *)(copy->partial->data + at) = *(u64 *)(copy->bytes->head + at);
	return 0;
}

static long bring_word(u32 index, struct copy *copy)
{
	u32 at = index * 8 & (PARTIAL_BYTES - 8);

	*(u64 *)(copy->bytes->head + at) = *(u64 *)(copy->partial->data + at);
	return 0;
}

/* Keeps what was sent of a head so far. False when there is no room. */
static __always_inline bool keep_partial(struct bpf_sock *sk, u32 first, struct first_bytes *bytes)
{
	struct partial *partial;
	struct copy copy = { .bytes = bytes };

	if (bytes->length >= PARTIAL_BYTES || !has_state(sk))
		return false;
	partial = bpf_sk_storage_get(&partials, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!partial)
		return false;
	partial->first = first;
	partial->length = bytes->length;
	copy.partial = partial;
	bpf_loop(bytes->length / 8 + 1, keep_word, &copy, 0);
	return true;
}

/* Brings the first `before` bytes of what was sent, and the segment's own behind them. */
static __always_inline bool take_further_bytes(struct __sk_buff *skb, u32 at, u32 index, struct first_bytes *bytes,
					       struct partial *partial, u32 before)
{
	struct copy copy = { .bytes = bytes, .partial = partial };
	u32 size = skb->len - at;
	u32 length = size < PARTIAL_BYTES ? size : PARTIAL_BYTES;

	before &= PARTIAL_BYTES - 1;
	clear_first_bytes(index);
	bytes->size = before + size;
	bytes->length = before + length;
	bpf_loop(before / 8 + 1, bring_word, &copy, 0);
	asm volatile("" : "+r"(length));
	length = ((length - 1) & (PARTIAL_BYTES - 1)) + 1;
	return bpf_skb_load_bytes(skb, at, bytes->head + before, length) == 0;
}

/*
 * A head that goes on in the next segment, as far as it could be read. `any`: pieces of any size are waited for, and what
 * only may be a head.
 */
static __always_inline bool is_partial(const struct first_bytes *bytes, bool any)
{
	if (bytes->fault != REASON_SPLIT_HELLO || bytes->length != bytes->size || bytes->size >= PARTIAL_BYTES)
		return false;
	return any ? bytes->cut || bytes->protocol != FIRST_TLS : bytes->cut && bytes->size >= PARTIAL_LEAST;
}
