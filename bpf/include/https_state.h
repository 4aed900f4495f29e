/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * What the probes on TLS libraries and the look at packets know together of hosts with HTTPS rules. packages/agent/src/https/gate.ts and
 * packages/agent/src/enforce/https-state.ts have the layouts in TypeScript.
 *
 * A write is offered to user space before it is encrypted. Where the kernel cannot tell that it is allowed (https_decide.h), its
 * process is held until user space has decided; as much of what was written may leave as both have granted: what TLS adds is
 * counted where it leaves, by its records. Each number has one writer: what is offered, used and allowed is the kernel's, what is
 * decided and granted user space's.
 * They are counted for a family: a program and the children that it forks have one memory to begin with, and the same connections.
 * Bytes are granted for connections to the port that the request names with its host: another port has rules of its own.
 * What was granted may not have left, e.g. as its connection has ended: of a connection that has asked no host with rules nothing
 * leaves on it, where it is known which socket carries it.
 */
#pragma once

#include "kernel.h"

/* A process, by its leader: also after an exec. */
struct https_key {
	u64 start; /* CLOCK_BOOTTIME, ns */
	u32 tgid;
	u32 port; /* of what is granted on another port than that of HTTPS; else 0 */
};

/* A connection of a process, by the library's object for it. */
struct tls_session_key {
	u64 session;
	u64 start;
	u32 tgid;
	u32 unused;
};

/* Which connection of its library a socket carries, where a thread sent to it in a call of the library. */
struct https_carried {
	struct tls_session_key session;
	u32 asks; /* a host with rules */
	u32 unused;
};

/* Those of another port count bytes only: which one a write is for is not known before it is decided. */
struct https_offers {
	u64 used;    /* bytes of writes that have left */
	u32 offered; /* writes that user space is to decide about */
	u32 unused;
	u64 allowed; /* bytes that may leave beside those that user space has granted */
};

struct https_grants {
	u64 granted; /* bytes that may leave, since the process began */
	u32 decided; /* writes */
	u32 unused;
};

/* Rules are numbered so that HTTPS rules are the last: [from, to); from unseen_from on TLS that is not seen may pass. */
struct https_state {
	u32 from;
	u32 unseen_from;
	u32 to;
	u32 unused;
};

/* In place of a policy's slot: `to` is 1 while writes are offered and somebody decides about them. */
#define HTTPS_ON 2

/* By family. What is forgotten for newer ones leaves nothing out: the two no longer agree. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1 << 12);
	__type(key, struct https_key);
	__type(value, struct https_offers);
} https_offers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1 << 12);
	__type(key, struct https_key);
	__type(value, struct https_grants);
} https_grants SEC(".maps");

/* The family of each process with a TLS library that is seen. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 15);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct https_key);
	__type(value, struct https_key);
} https_seen SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 3);
	__type(key, u32);
	__type(value, struct https_state);
} https_state SEC(".maps");

/* Connections that have asked a host with rules. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1 << 14);
	__type(key, struct tls_session_key);
	__type(value, u32);
} https_asking SEC(".maps");

/* By a socket's cookie. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1 << 14);
	__type(key, u64);
	__type(value, struct https_carried);
} https_carried SEC(".maps");

static __always_inline bool https_on(void)
{
	u32 slot = HTTPS_ON;
	struct https_state *state = bpf_map_lookup_elem(&https_state, &slot);

	return state && state->to;
}
