/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * Maps of egress enforcement. packages/agent/src/enforce has their layouts in TypeScript, and a test
 * that holds both against each other.
 *
 * A policy lives in one of two slots. The next one is written to the slot that is not in use, then
 * `policy_state` is changed in one store: there is no instant without a policy.
 */
#pragma once

#include "connect.h"
#include "kernel.h"

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define AF_NETLINK 16

#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOCK_RAW 3

#define IPPROTO_ICMP 1
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define IPPROTO_ICMPV6 58
#define IPPROTO_UDPLITE 136
#define IPPROTO_RAW 255
#define IPPROTO_MPTCP 262

#define DNS_PORT 53
#define HTTPS_PORT 443

#define LEARNED_RANGES 16

enum policy_mode {
	MODE_AUDIT = 0,
	MODE_BLOCK = 1,
};

/* The slot in use is generation & 1. */
struct policy_state {
	u32 generation;
};

struct policy {
	u32 mode; /* enum policy_mode */
	u32 blocked_names; /* names on the block list */
	u32 hash_keys[2];  /* see blocked_names.h */
};

/* IPv4 prefixes are those of ::ffff:0:0/96. */
struct address_key {
	u32 prefix;
	u8 address[16];
};

/*
 * Ranges of ports as prefixes of their bits: set and protocol must agree, then the first bits of the port. A prefix's
 * set holds the ports of the prefixes around it, too: a trie finds only the longest.
 */
struct grant_port_key {
	u32 prefix; /* 48 + 0..16 */
	u8 set[4];  /* big-endian */
	u8 protocol;
	u8 pad;
	u8 port[2]; /* big-endian */
};

/* One port of a set, as grant_port_key has it behind its prefix. */
struct single_port_key {
	u8 set[4];
	u8 protocol;
	u8 pad;
	u8 port[2];
};

/* An address that stands for itself, and not for a block. */
struct host_key {
	u8 address[16];
};

struct learned_key {
	u8 address[16];
	u8 protocol;
	u8 pad[3];
};

struct learned_range {
	u64 expires; /* CLOCK_BOOTTIME, ns */
	u32 name;
	u32 rule; /* RULE_NONE: no rule allows the name, it is only known */
	u16 from;
	u16 to;
	u32 flags; /* enum range_flags */
	u32 narrowing; /* of the line; 0: it is for everybody (narrowed.h) */
	u32 pad;
};

struct learned {
	u32 count;
	u32 pad;
	struct learned_range ranges[LEARNED_RANGES];
};

struct dns_client_key {
	u8 protocol;
	u8 pad;
	u16 port;
	u32 netns; /* as in socket_state */
	u8 address[16];
};

struct dns_client {
	u64 start;
	u32 tgid;
	u16 port; /* of the server that was asked */
	u16 pad;
	u8 server[16];
};

/* Attempts alike. The first of each epoch is told at once, the others are counted here. */
struct attempt_key {
	u64 start;
	u32 tgid;
	u16 port;
	u8 protocol;
	u8 verdict;
	u8 address[16];
	u8 via;
	u8 reason;
	u8 family;
	u8 pad[5];
};

struct attempt {
	u64 count; /* those that were not told */
	u64 cookie;
	u32 rule;
	u32 name;
	u32 uid;
	u32 socket_type;
};

struct flow_key {
	u64 cookie;
	u8 address[16];
	u16 port;
	u8 protocol;
	u8 pad[5];
};

/* A socket's way to one destination, noted when it was let through; what was decided stands until another policy. */
struct flow {
	u64 bytes;
	u64 packets;
	u64 start;
	u32 tgid;
	u32 uid;
	u32 rule;
	u32 name;
	u32 generation; /* of the newest policy that it was decided by */
	u8 verdict;
	u8 reason;
	u8 family;
	u8 names; /* enum flow_names */
	u32 judged; /* sequence number behind what was judged; not in NAMES_PENDING */
	u32 used; /* jiffies of its last packet */
};

struct flow_seat {
	struct flow_key key; /* cookie: 0 until it is taken for the first time; see flow_table.h */
	struct flow flow;
};

/* A flow that a newer policy allows, too. */
struct renewed_flow {
	u32 rule;
	u32 generation;
};

/* A flow has one of the seats set, FLOW_SETS + set, 2 * FLOW_SETS + set, … */
enum { FLOW_SETS = 1 << 14, FLOW_WAYS = 4 };

/* What is still to be looked at for the names that a TCP flow says of itself; 0: nothing. */
enum flow_names {
	NAMES_PENDING = 1,   /* it has sent nothing yet */
	NAMES_HTTP = 2,	     /* it is plain HTTP: other requests may come */
	NAMES_RETRY = 4,     /* a second ClientHello may come */
	NAMES_REFUSED = 8,   /* nothing that it sends passes */
	NAMES_UNCHECKED = 16, /* its policy line binds it to no name */
	NAMES_HTTPS = 32,    /* its host has HTTPS rules: what it sends was granted */
	NAMES_TLS = 64,	     /* it began with TLS */
	NAMES_UNREAD = 128,  /* nothing is decided by what it says first, which is told */
	NAMES_LOOK = 15 | NAMES_HTTPS | NAMES_UNREAD,
};

/* What is known of a socket that has no flow by itself: it was bound, asked the DNS, or writes its own headers. */
struct socket_state {
	u64 start;
	u32 tgid;
	u32 uid;
	u8 server[16];	 /* the DNS server that was asked last */
	u16 server_port; /* 0: none was */
	u8 checked;	 /* the names that it said are good: known also when its flow was forgotten for newer ones */
	u8 names;	 /* enum flow_names */
	u32 name;	 /* the last that it said */
	u32 netns;	 /* where it asked. 0: the proxy's own network namespace; else that one's cookie */
	u32 judged;	 /* as the flow's */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct policy_state);
} policy_state SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, u32);
	__type(value, struct policy);
} policies SEC(".maps");

#define LPM(name_, key_, value_, entries_)                     \
	struct {                                               \
		__uint(type, BPF_MAP_TYPE_LPM_TRIE);           \
		__uint(max_entries, entries_);                 \
		__uint(map_flags, BPF_F_NO_PREALLOC);          \
		__type(key, key_);                             \
		__type(value, value_);                         \
	} name_ SEC(".maps")

/* Entries are allocated as they come: most runs need a few. */
#define HASH(name_, key_, value_, entries_)                    \
	struct {                                               \
		__uint(type, BPF_MAP_TYPE_HASH);               \
		__uint(max_entries, entries_);                 \
		__uint(map_flags, BPF_F_NO_PREALLOC);          \
		__type(key, key_);                             \
		__type(value, value_);                         \
	} name_ SEC(".maps")

/*
 * Addresses and single ports are in hashes, blocks and ranges in tries, whose depth grows with their size. The hash is
 * asked first: an address's set holds the ports of the blocks around it.
 *
 * Id of the set of ports that an address or a block is allowed for.
 */
HASH(grant_hosts_0, struct host_key, u32, 1 << 20);
HASH(grant_hosts_1, struct host_key, u32, 1 << 20);
LPM(grants_0, struct address_key, u32, 1 << 20);
LPM(grants_1, struct address_key, u32, 1 << 20);
/* Index of the rule that allows the port. */
HASH(single_ports_0, struct single_port_key, u32, 1 << 20);
HASH(single_ports_1, struct single_port_key, u32, 1 << 20);
LPM(grant_ports_0, struct grant_port_key, u32, 1 << 20);
LPM(grant_ports_1, struct grant_port_key, u32, 1 << 20);
/* Index of the block list's entry. */
HASH(blocked_hosts_0, struct host_key, u32, 1 << 20);
HASH(blocked_hosts_1, struct host_key, u32, 1 << 20);
LPM(blocked_0, struct address_key, u32, 1 << 20);
LPM(blocked_1, struct address_key, u32, 1 << 20);

HASH(learned, struct learned_key, struct learned, 1 << 18);

struct name_text {
	char text[256];
};
HASH(names, u32, struct name_text, 1 << 16);

/* The reader goes through every bucket. Where there is no room, each attempt tells its own. */
HASH(attempts_0, struct attempt_key, struct attempt, 1 << 14);
HASH(attempts_1, struct attempt_key, struct attempt, 1 << 14);

/* How many were put into each so far, counted when they are there: the reader leaves alone what nobody has written to. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, u32);
	__type(value, u64);
} attempts_made SEC(".maps");

/* Which of the two is written; the reader takes the other. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} epoch SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1 << 16);
	__type(key, struct dns_client_key);
	__type(value, struct dns_client);
} dns_client SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, FLOW_SETS * FLOW_WAYS);
	/* User space looks for the few that are used. */
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, u32);
	__type(value, struct flow_seat);
} flows SEC(".maps");

/* Twice as many: seats may be taken by others while user space goes through them. */
HASH(renewed_flows, struct flow_key, struct renewed_flow, 2 * FLOW_SETS * FLOW_WAYS);

/* Not cloned to accepted sockets: that would cost each of them an allocation. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct socket_state);
} sockets SEC(".maps");

/*
 * Whatever is kept of what a connection says (partials, https_sockets) stands beside a state of its socket: one look finds that
 * there is nothing to forget. False: there is no room.
 */
static __always_inline bool has_state(struct bpf_sock *sk)
{
	return bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
}

/* Where the DNS proxy listens on 127.0.0.1 and ::1, host order; 0: nowhere. Set before load. */
const volatile u16 proxy_port4 = 0;
const volatile u16 proxy_port6 = 0;

/* Cookie of the proxy's network namespace; 0: all count as that one. Set before load. */
const volatile u64 proxy_netns = 0;

/* The machine's resolver answers on this machine's loopback: nobody of the scope may stand in for it. */
const volatile bool local_resolver = false;
