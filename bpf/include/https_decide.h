/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * What a connection sends, followed as far as the kernel can: requests of HTTP/1.1, one after the other, each with all of its
 * head in one write and a body of known length, and all for one host. A write of such is allowed here, by the rules
 * of its host; about any other user space decides, and once one was not of that form, about all that follow.
 */
#pragma once

#include "https_request.h"
#include "https_state.h"
#include "tls_calls.h"

/*
 * The requests of a connection. Where a library could not send all of a write it is given the rest again, or all of it: in a
 * body that may be anything, of a head the library may have kept what it was given first, and so it must be the same.
 */
struct https_requests {
	u64 offered; /* of the connection, by all writes */
	u64 before;  /* by those before the last one */
	u64 body;    /* behind this, what was offered is a body */
	u64 left;    /* of a body, behind what was offered */
	u64 size;    /* of the last write */
	u64 head[2]; /* its head's hash */
	u32 lost;    /* user space alone knows what follows */
	u32 busy;    /* one write is read, and no other */
	u32 reads_body; /* user space reads what the body says, too */
	u32 asks; /* 1: a host with rules; 3: that is noted */
	struct https_name host;	 /* zeros: none was asked yet */
	struct https_name asked; /* of the head that is read: the stack has no room for it */
	struct reading reading;
	struct fitting fitting;
};

/* Nothing is forgotten for newer ones: who has no place is held. User space deletes those of processes that have ended. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 14);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct tls_session_key);
	__type(value, struct https_requests);
} https_requests SEC(".maps");

/* Too large for a stack. */
static const struct https_requests no_requests;

static __always_inline struct https_requests *requests_of(const struct tls_session_key *key, u64 sent)
{
	struct https_requests *requests = bpf_map_lookup_elem(&https_requests, key);

	if (requests)
		return requests;
	bpf_map_update_elem(&https_requests, key, &no_requests, BPF_NOEXIST);
	requests = bpf_map_lookup_elem(&https_requests, key);
	if (!requests)
		return NULL;
	requests->reading.keys[0] = 1 + bpf_get_prandom_u32() % (HASH_MODULUS - 1);
	requests->reading.keys[1] = 1 + bpf_get_prandom_u32() % (HASH_MODULUS - 1);
	/* What it sent before is not known. */
	if (sent)
		requests->lost = 1;
	return requests;
}

static __always_inline bool is_same_name(const struct https_name *one, const struct https_name *other)
{
	u64 differ = one->port ^ other->port;

	for (u32 i = 0; i < 8; i++)
		differ |= one->words[i] ^ other->words[i];
	return !differ;
}

/* By the end of its path, as packages/agent/src/https/graphql.ts has it. */
static __always_inline bool is_graphql(const struct reading *r, char *data)
{
	u64 end = 0;
	u32 at = r->path_to;

	if (at < 8 || at > HTTPS_HEAD)
		return false;
	bpf_probe_read_kernel(&end, sizeof(end), data + at - 8);
	return end == __builtin_bswap64(WORD('/', 'g', 'r', 'a', 'p', 'h', 'q', 'l'));
}

/* A write, and where of the connection it begins. */
struct https_write {
	struct https_requests *requests;
	struct https_offers *offers; /* of its family */
	struct https_key *family;
	char *data; /* its first bytes, in HTTPS_HEAD bytes */
	u32 copied;
	u64 size;
	u64 sent;
};

/*
 * The head at the begin of a write; `again`: it must be the last one's. @returns the host, where its rules allow the request;
 * `left`: of its body, behind the write
 */
static __always_inline struct https_host *allow_request(struct https_write *write, bool again, u64 *left)
{
	struct https_requests *requests = write->requests;
	struct reading *r = &requests->reading;
	struct https_name *name = &requests->asked;
	struct https_host *host;
	u32 from, length;

	if (!read_https_request(r, write->data, write->copied) || write->size - r->at > r->length)
		goto lost;
	if (again && (r->hash[0] != requests->head[0] || r->hash[1] != requests->head[1]))
		goto lost;
	from = r->host_from;
	length = r->host_to - from;
	if (from >= HTTPS_HEAD - sizeof(name->words) || length >= sizeof(name->words))
		goto lost;
	__builtin_memset(name, 0, sizeof(*name));
	bpf_probe_read_kernel(name->words, length, write->data + from);
	name->port = r->port;
	if (!requests->host.words[0])
		requests->host = *name;
	else if (!is_same_name(&requests->host, name))
		goto lost;
	requests->head[0] = r->hash[0];
	requests->head[1] = r->hash[1];
	requests->body = write->sent + r->at;
	requests->reads_body = is_graphql(r, write->data);
	*left = r->length - (write->size - r->at);
	host = https_host_of(name);
	return host && is_allowed_request(host, &requests->fitting, r->methods, write->data, r->path_from, r->path_to) ? host : NULL;
lost:
	requests->lost = 1;
	return NULL;
}

/* Where bytes are granted that go to a host. NULL: nothing of the family has connected to its port. */
static __always_inline struct https_offers *offers_for(struct https_write *write, const struct https_name *host)
{
	if (!host->port)
		return write->offers;
	write->family->port = host->port;
	return bpf_map_lookup_elem(&https_offers, write->family);
}

/* Whether a write is allowed: what it adds to the connection may leave. */
static __always_inline bool allow_next(struct https_write *write)
{
	struct https_requests *requests = write->requests;
	u64 sent = write->sent, end = sent + write->size;
	struct https_offers *offers;
	struct https_host *host;
	bool again = false;
	u64 left = 0, more;

	if (sent == requests->offered) {
		left = requests->left;
	} else if (sent >= requests->body && sent < requests->offered) {
		left = requests->left + (requests->offered - sent);
	} else if (sent == requests->before && write->size == requests->size) {
		again = true;
	} else {
		requests->lost = 1;
		return false;
	}
	if (!left) {
		host = allow_request(write, again, &left);
		if (requests->lost)
			return false;
	} else if (write->size <= left) {
		host = https_host_of(&requests->host);
		requests->body = sent;
		left -= write->size;
	} else {
		requests->lost = 1;
		return false;
	}
	requests->before = sent;
	requests->size = write->size;
	more = 0;
	if (end > requests->offered) {
		more = end - requests->offered;
		requests->offered = end;
		requests->left = left;
	}
	/* Who is held goes no faster than user space reads. */
	if (!host || !has_room())
		return false;
	if (!host->ruled)
		return true;
	requests->asks |= 1;
	if (!more)
		return true;
	offers = offers_for(write, &requests->host);
	if (!offers)
		return false;
	__sync_fetch_and_add(&offers->allowed, more);
	return true;
}

/* Two threads that write at once are decided about by user space. */
static __noinline bool allow_write(struct https_write *write)
{
	struct https_requests *requests = write->requests;
	bool allowed;

	if (requests->lost || __sync_val_compare_and_swap(&requests->busy, 0, 1)) {
		requests->lost = 1;
		return false;
	}
	allowed = allow_next(write);
	requests->busy = 0;
	return allowed;
}
