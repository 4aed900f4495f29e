/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * The first bytes that a connection sends, where they can be walked. No stack has room for them, and a map for each
 * processor would not do: one task may take another's turn, on the same processor, in the middle of its work. So there
 * are a few places, and each is claimed.
 */
#pragma once

#include "decide.h"

/* Of a segment this much is looked at: what servers take as head of a request. A ClientHello is far smaller. */
#define HEAD_BYTES 8192
/* With what was sent before of the same head: see partial.h. */
#define HEAD_ROOM (2 * HEAD_BYTES)

#define PLACES 32
#define TRIES 4

/* Names that a connection says: the SNI or the Host, and the host in the target of an HTTP request. */
enum said_name {
	SAID_HOST = 0,
	SAID_TARGET = 1,
	SAID_NAMES = 2,
};

/* Of a name, from its end on: see blocked_names.h. */
struct name_hash {
	u64 first, second;
	u32 keys[2];
	u32 generation;
	u32 entry;
	u32 which;
	u32 length;
};

struct first_bytes {
	u32 busy;
	u32 length; /* of head */
	u32 size;   /* of the whole segment */
	u32 first, end; /* where they stand in what is sent, by sequence number */
	/* What the parsers found. */
	u8 protocol; /* enum first_protocol */
	u8 fault;    /* enum connect_reason for the want of a name; 0: there is one, and no doubt */
	u8 which;    /* said name that a refusal is about */
	u8 retry;    /* what may be a second ClientHello is looked at */
	u8 later;    /* a request may begin anywhere */
	u8 cut;	     /* what is wanting is behind the segment's end */
	u8 inside;   /* what may be a request began inside of a line, or has control characters: its version must end the line */
	u8 pad;
	/* Theirs. */
	u32 at;
	u32 stop;
	u32 name_at;
	u32 name_length;
	u8 state;
	u8 matched;
	u8 hosts;
	u8 encrypted;
	u8 literal[SAID_NAMES]; /* so far it is an address */
	u8 complete; /* the head of a request; or what is behind a hello is beyond a second one */
	u8 connects;
	struct name_hash hash;
	struct decision decision;
	struct led_key led; /* of what is looked up: the stack has no room for it */
	u32 narrowed;	    /* rule of a line that allows the name to others */
	struct name_key names[SAID_NAMES];
	u8 head[HEAD_ROOM] __attribute__((aligned(8)));
};

enum first_protocol {
	FIRST_OTHER = 0,
	FIRST_TLS = 1,
	FIRST_HTTP = 2,
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PLACES);
	__type(key, u32);
	__type(value, struct first_bytes);
} first_bytes SEC(".maps");

/* What the steps of a loop are given. */
struct walk {
	struct first_bytes *bytes;
};

static __always_inline struct first_bytes *place(u32 index)
{
	return bpf_map_lookup_elem(&first_bytes, &index);
}

/* Index of a place, PLACES when none is free. */
static __always_inline u32 claim_place(void)
{
	u32 first = bpf_get_smp_processor_id();

	for (u32 i = 0; i < TRIES; i++) {
		u32 index = (first + i * 7) % PLACES;
		struct first_bytes *bytes = place(index);
		if (bytes && __sync_val_compare_and_swap(&bytes->busy, 0, 1) == 0)
			return index;
	}
	return PLACES;
}

static __always_inline void leave_place(struct first_bytes *bytes)
{
	__sync_val_compare_and_swap(&bytes->busy, 1, 0);
}

static __always_inline u32 byte_at(const struct first_bytes *bytes, u32 at)
{
	return bytes->head[at & (HEAD_ROOM - 1)];
}

static __always_inline u32 pair_at(const struct first_bytes *bytes, u32 at)
{
	return byte_at(bytes, at) << 8 | byte_at(bytes, at + 1);
}

/* Not static: see packet.h. */
__noinline int clear_first_bytes(u32 index)
{
	struct first_bytes *bytes = place(index);

	if (!bytes)
		return 0;
	bytes->protocol = FIRST_OTHER;
	bytes->fault = 0;
	bytes->which = 0;
	bytes->later = 0;
	bytes->cut = 0;
	bytes->at = 0;
	bytes->stop = 0;
	bytes->name_length = 0;
	bytes->state = 0;
	bytes->matched = 0;
	bytes->hosts = 0;
	bytes->encrypted = 0;
	bytes->complete = 0;
	bytes->connects = 0;
	for (u32 i = 0; i < SAID_NAMES; i++) {
		bytes->literal[i] = 1;
		__builtin_memset(&bytes->names[i], 0, sizeof(bytes->names[i]));
	}
	return 0;
}

/* Copies the segment's first bytes. False when that can't be. */
static __always_inline bool take_first_bytes(struct __sk_buff *skb, u32 at, u32 index, struct first_bytes *bytes)
{
	u32 size = skb->len - at;
	u32 length = size < HEAD_BYTES ? size : HEAD_BYTES;

	clear_first_bytes(index);
	bytes->size = size;
	bytes->length = length;
	/* It is 1 at least; the verifier of 6.1 sees that only so. */
	asm volatile("" : "+r"(length));
	length = ((length - 1) & (HEAD_BYTES - 1)) + 1;
	return bpf_skb_load_bytes(skb, at, bytes->head, length) == 0;
}

/* Adds a byte to a said name, in lower case. False when the name is too long for one. */
static __always_inline bool say(struct first_bytes *bytes, u32 which, u32 c)
{
	struct name_key *name = &bytes->names[which & 1];
	u32 length = name->length;

	if (c >= 'A' && c <= 'Z')
		c |= 0x20;
	if ((c < '0' || c > '9') && c != '.')
		bytes->literal[which & 1] = 0;
	if (length > 253)
		return false;
	name->text[length & 255] = c;
	name->length = length + 1;
	return true;
}

static __always_inline void unsay(struct first_bytes *bytes, u32 which)
{
	__builtin_memset(&bytes->names[which & 1], 0, sizeof(struct name_key));
	bytes->literal[which & 1] = 1;
}

/* Not static: see packet.h. */
__noinline int unsay_names(u32 index)
{
	struct first_bytes *bytes = place(index);

	if (!bytes)
		return 0;
	unsay(bytes, SAID_HOST);
	unsay(bytes, SAID_TARGET);
	return 0;
}

/* A name may end in the root's dot. An address is no name. */
static __always_inline void end_said(struct first_bytes *bytes, u32 which)
{
	struct name_key *name = &bytes->names[which & 1];
	u32 last = name->length - 1;

	if (name->length == 0)
		return;
	if (name->length > 1 && last < 254 && name->text[last] == '.') {
		name->text[last] = 0;
		name->length = last;
	}
	if (bytes->literal[which & 1])
		unsay(bytes, which);
}
