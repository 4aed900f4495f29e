/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * Connections to hosts with HTTPS rules. They begin with a ClientHello of a process whose TLS is seen; behind the handshake
 * leaves what was granted, and nothing while a write of the process is undecided. So nothing depends on its being stopped,
 * nor on an agent being there.
 */
#pragma once

#include "changeable.h"
#include "https_state.h"

enum tls_content { CONTENT_CHANGE_CIPHER = 20, CONTENT_ALERT = 21, CONTENT_HANDSHAKE = 22, CONTENT_APPLICATION = 23 };

/* What a record adds to what it holds, beside its header: in TLS 1.3 kind and tag (RFC 8446 §5.2). */
#define TLS13_ADDS 17
/* A Finished of TLS 1.3 (RFC 8446 §4.4.4), by SHA-256 or SHA-384; of TLS 1.2 (RFC 5246 §7.4.9). */
enum { FINISHED_SHA256 = 32 + 4 + TLS13_ADDS, FINISHED_SHA384 = 48 + 4 + TLS13_ADDS, FINISHED_TLS12 = 12 + 4 };
/* A tag of TLS 1.2, and one with the nonce that is said before it. */
enum { TLS12_TAG = 16, TLS12_TAG_AND_NONCE = 8 + 16 };

/* An alert: who closes says so. */
#define ALERT_BYTES 2
/* As many as a packet can have. */
#define PACKET_RECORDS (1 << 15)

/* What records add at most together, of which one holds so much at least. */
#define RECORD_ADDS 29
#define RECORD_HOLDS 1100

#define TCP_ESTABLISHED 1

/* A library's file may have to be looked at first; TCP sends again meanwhile. */
#define UNSEEN_WAIT_NS 1000000000ULL
/* Bytes without a grant for so long have none coming, also where the agent hardly gets a processor. */
#define STALLED_NS 20000000000ULL

/* A socket's two ends, as user space ends it by. */
struct https_ends {
	struct https_key family; /* of the process that connected */
	u64 cookie;
	u8 source[16];
	u8 destination[16];
	u16 source_port;
	u16 destination_port;
	u32 device; /* that it is bound to; 0: none */
	u32 tgid;
	u32 unused;
};

/* How far the records of a connection are counted. */
struct https_records {
	u32 next;     /* sequence number of the record behind those that may leave */
	u8 header[8]; /* of that one, as far as it is there */
	u8 has;       /* bytes of it */
	u8 adds;      /* by each record; 0: the handshake is not over */
	u8 changed;   /* ChangeCipherSpec */
	u8 alerts;    /* that it may send yet without a grant */
};

struct https_socket {
	struct https_ends ends;
	u64 waits; /* since when, CLOCK_BOOTTIME ns; 0: it does not */
	u32 sent;  /* sequence number behind what has passed */
	u32 asks;  /* it has sent what was granted */
	struct https_records records;
	struct https_records looked_at; /* with those of a packet that may not pass yet */
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct https_socket);
} https_sockets SEC(".maps");

static __always_inline struct https_state *https_rules(u32 generation)
{
	u32 slot = generation & 1;
	struct https_state *state = bpf_map_lookup_elem(&https_state, &slot);

	return state && state->from < state->to ? state : NULL;
}

static __always_inline bool is_https_rule(const struct https_state *state, u32 rule)
{
	return rule >= state->from && rule < state->to;
}

/*
 * By the policy that it was decided by last. Where something else than its name opened the way, what the policy says of that name is
 * not known any more.
 */
static __always_inline bool is_under_https(const struct flow *flow)
{
	struct https_state *state = https_rules(flow->generation);

	return state && mode_of(flow->generation) == MODE_BLOCK && (is_https_rule(state, flow->rule) || !is_bound(flow));
}

/* Whether the policy has HTTPS rules for the host, and lets nothing pass that is not seen. */
static __always_inline bool must_be_seen(u32 generation, u32 rule)
{
	struct https_state *state = https_rules(generation);

	return state && mode_of(generation) == MODE_BLOCK && is_https_rule(state, rule) && rule < state->unseen_from;
}

/* Another policy has HTTPS rules for the host: what nobody has followed from its beginning is refused. Not static: see packet.h. */
__noinline int renew_https(struct flow *flow)
{
	if (!flow)
		return 0;
	if (!(flow->names & NAMES_PENDING) && must_be_seen(flow->generation, flow->rule))
		flow->names |= NAMES_HTTPS;
	return 0;
}

/*
 * The HTTPS rule of a name that was said; RULE_NONE: none of them has one. Of a name that led there it is known which rule it fits.
 * Others count as well, whatever opened the address.
 */
static __always_inline u32 https_rule_of(const struct https_state *state, const struct packet *packet, u32 index,
					 struct first_bytes *bytes, bool *said)
{
	u32 found = RULE_NONE;

	for (u32 which = 0; which < SAID_NAMES; which++) {
		u32 rule, *id;

		if (!bytes->names[which].length)
			continue;
		*said = true;
		id = bpf_map_lookup_elem(&name_ids, &bytes->names[which]);
		if (!id || !find_name_grant(packet->to.address, packet->to.port, *id, &rule))
			rule = find_listed_name(index, which, bytes->decision.generation, NAMES_OF_HTTPS(packet->to.port));
		if (is_https_rule(state, rule) && rule < found)
			found = rule;
	}
	return found;
}

/*
 * From here on bytes are granted for a family on a port. What was granted before is spent: where it was counted may have been
 * forgotten.
 */
static __always_inline void count_port(const struct https_key *family, u16 port)
{
	struct https_key key = *family;
	struct https_offers offers = {};
	struct https_grants *grants;

	if (port == HTTPS_PORT)
		return;
	key.port = port;
	grants = bpf_map_lookup_elem(&https_grants, &key);
	if (grants)
		offers.used = grants->granted;
	bpf_map_update_elem(&https_offers, &key, &offers, BPF_NOEXIST);
}

enum https_entry { HTTPS_NONE, HTTPS_OPEN, HTTPS_WAIT, HTTPS_REFUSED };

/* What first bytes that say an allowed name, or none, are to HTTPS rules. `first`: their sequence number. */
__noinline int enter_https(struct __sk_buff *skb, struct packet *packet, struct flow *flow, u32 index, u32 first)
{
	struct first_bytes *bytes = place(index);
	struct bpf_sock *sk = skb->sk ? bpf_sk_fullsock(skb->sk) : NULL;
	struct https_key process = {}, *family;
	struct https_socket *socket;
	struct https_state *state;
	bool said = false;
	u32 rule;

	if (!bytes || !packet || !flow)
		return HTTPS_NONE;
	state = https_rules(bytes->decision.generation);
	if (!state || mode_of(bytes->decision.generation) != MODE_BLOCK)
		return HTTPS_NONE;
	/* What comes behind its hello. */
	if (flow->names & NAMES_HTTPS)
		return HTTPS_OPEN;
	rule = https_rule_of(state, packet, index, bytes, &said);
	if (!said) {
		bool shared;

		/* Behind a name comes more without one. */
		if (!(flow->names & NAMES_PENDING))
			return HTTPS_NONE;
		/* It may be meant for one of several names, of which others have rules. */
		shared = is_bound(flow) && packet->to.port == HTTPS_PORT && is_shared(packet->to.address);
		return shared || is_https_rule(state, bytes->decision.rule) ? HTTPS_REFUSED : HTTPS_NONE;
	}
	if (rule == RULE_NONE)
		return HTTPS_NONE;
	if (bytes->protocol != FIRST_TLS || !sk)
		return HTTPS_REFUSED;
	socket = has_state(sk) ? bpf_sk_storage_get(&https_sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE) : NULL;
	if (!socket)
		return HTTPS_WAIT;
	process.start = flow->start;
	process.tgid = flow->tgid;
	family = bpf_map_lookup_elem(&https_seen, &process);
	if (!family) {
		u64 now = bpf_ktime_get_boot_ns();

		if (rule >= state->unseen_from)
			return HTTPS_NONE;
		if (!socket->waits)
			socket->waits = now;
		return now - socket->waits < UNSEEN_WAIT_NS ? HTTPS_WAIT : HTTPS_REFUSED;
	}
	count_port(family, packet->to.port);
	bytes->decision.rule = rule;
	socket->ends.family = *family;
	socket->ends.cookie = bpf_get_socket_cookie(skb);
	__builtin_memcpy(socket->ends.source, packet->source, 16);
	__builtin_memcpy(socket->ends.destination, packet->to.address, 16);
	socket->ends.source_port = packet->source_port;
	socket->ends.destination_port = packet->to.port;
	socket->ends.device = sk->bound_dev_if;
	socket->ends.tgid = flow->tgid;
	socket->waits = 0;
	socket->sent = first;
	/* Its header may be in an earlier packet. */
	socket->records = (struct https_records){
		.next = first + TLS_RECORD_HEADER + (bytes->head[3] << 8 | bytes->head[4]),
		.alerts = 1,
	};
	flow->names |= NAMES_HTTPS;
	return HTTPS_OPEN;
}

static __always_inline u32 sequence_of(struct __sk_buff *skb, const struct packet *packet)
{
	u32 sequence = 0;

	bpf_skb_load_bytes(skb, packet->transport_at + 4, &sequence, 4);
	/* The SYN counts as the byte in front of its data. */
	return bpf_ntohl(sequence) + packet->opens;
}

struct records {
	struct __sk_buff *skb;
	struct https_records *records;
	u32 at;	   /* of the packet's payload */
	u32 first; /* its sequence numbers */
	u32 end;
	u32 holds; /* of what was written, in the records that were taken */
	u32 unknown;
};

/* What was written of a record whose header is there, for which a grant is needed. */
static __always_inline u32 held_by(struct https_records *r)
{
	u32 kind = r->header[0], length = r->header[3] << 8 | r->header[4];

	if (!r->adds) {
		/* A second ClientHello, behind a ChangeCipherSpec of TLS 1.3, is longer. */
		if (kind == CONTENT_HANDSHAKE && r->changed &&
		    (length == FINISHED_TLS12 + TLS12_TAG || length == FINISHED_TLS12 + TLS12_TAG_AND_NONCE))
			r->adds = length - FINISHED_TLS12;
		r->changed |= kind == CONTENT_CHANGE_CIPHER;
		if (kind == CONTENT_HANDSHAKE || kind == CONTENT_CHANGE_CIPHER || kind == CONTENT_ALERT)
			return 0;
		r->adds = TLS13_ADDS;
		if (kind == CONTENT_APPLICATION && (length == FINISHED_SHA256 || length == FINISHED_SHA384))
			return 0;
	}
	if (length >= r->adds)
		length -= r->adds;
	/* TLS 1.3 does not show what is an alert. */
	if (length == ALERT_BYTES && r->alerts && (kind == CONTENT_ALERT || r->adds == TLS13_ADDS)) {
		r->alerts--;
		return 0;
	}
	return length;
}

/* Takes one record, or a byte of a header that is in two packets. */
static long take_record(u32 index, struct records *records)
{
	struct https_records *r = records->records;
	u32 from = r->next + r->has, offset = from - records->first;
	s32 left = records->end - from;

	if (left <= 0)
		return 1;
	/* Bytes that passed while nobody looked. */
	if (offset > 0xfffff)
		goto unknown;
	if (!r->has && left >= TLS_RECORD_HEADER) {
		if (bpf_skb_load_bytes(records->skb, records->at + offset, r->header, TLS_RECORD_HEADER))
			goto unknown;
	} else {
		if (bpf_skb_load_bytes(records->skb, records->at + offset, &r->header[r->has & 7], 1))
			goto unknown;
		if (++r->has < TLS_RECORD_HEADER)
			return 0;
	}
	records->holds += held_by(r);
	r->has = 0;
	r->next += TLS_RECORD_HEADER + (r->header[3] << 8 | r->header[4]);
	return 0;
unknown:
	records->unknown = 1;
	return 1;
}

/* What a connection's family was granted in all for its port; false: a write of it is undecided. */
static __always_inline bool find_granted(const struct https_ends *ends, struct https_offers **offers, u64 *granted)
{
	struct https_key key = ends->family;
	struct https_grants *grants = bpf_map_lookup_elem(&https_grants, &key);

	*granted = 0;
	*offers = bpf_map_lookup_elem(&https_offers, &key);
	if (!*offers)
		return true;
	if ((*offers)->offered != (grants ? grants->decided : 0))
		return false;
	if (ends->destination_port != HTTPS_PORT) {
		key.port = ends->destination_port;
		grants = bpf_map_lookup_elem(&https_grants, &key);
		*offers = bpf_map_lookup_elem(&https_offers, &key);
		if (!*offers)
			return true;
	}
	*granted = (*offers)->allowed + (grants ? grants->granted : 0);
	return true;
}

/* Whether so much more of what the family has written may leave on the connection's port: it does. */
static __always_inline bool use_grant(const struct https_ends *ends, u32 bytes)
{
	struct https_offers *offers;
	u64 granted;

	if (!find_granted(ends, &offers, &granted))
		return false;
	if (!bytes || !offers)
		return !bytes;
	if (__sync_fetch_and_add(&offers->used, bytes) + bytes <= granted)
		return true;
	__sync_fetch_and_sub(&offers->used, bytes);
	return false;
}

/* Whether what a socket carries is known to have asked no host with rules. */
static __always_inline bool asks_nobody(struct https_socket *socket)
{
	/* What an iterator is given is no key. */
	u64 cookie = socket->ends.cookie;
	struct https_carried *carried = bpf_map_lookup_elem(&https_carried, &cookie);

	return carried && !carried->asks && !bpf_map_lookup_elem(&https_asking, &carried->session);
}

/* Whether a packet of a connection under HTTPS rules may pass. Not static: see packet.h. */
__noinline int pass_https(struct __sk_buff *skb, struct packet *packet, struct flow *flow, u32 at)
{
	struct bpf_sock *sk = skb->sk ? bpf_sk_fullsock(skb->sk) : NULL;
	struct https_socket *socket = sk ? bpf_sk_storage_get(&https_sockets, sk, 0, 0) : NULL;
	struct records records = { .skb = skb, .at = at };

	if (!packet || !flow || !socket)
		return 0;
	records.first = sequence_of(skb, packet);
	records.end = records.first + (skb->len - at);
	if ((s32)(records.end - socket->sent) <= 0)
		return 1;
	socket->looked_at = socket->records;
	records.records = &socket->looked_at;
	bpf_loop(PACKET_RECORDS, take_record, &records, 0);
	if (records.unknown || (records.holds && !socket->asks && asks_nobody(socket)))
		return 0;
	if (!https_on() || !use_grant(&socket->ends, records.holds))
		return 0;
	socket->records = socket->looked_at;
	socket->asks |= records.holds > 0;
	socket->sent = records.end;
	socket->waits = 0;
	return 1;
}

/* A connection whose bytes wait for a grant that does not come. Not while a write of the process is undecided. */
__noinline int refuse_stalled(struct __sk_buff *skb, struct packet *packet, struct flow *flow)
{
	struct bpf_sock *sk = skb->sk ? bpf_sk_fullsock(skb->sk) : NULL;
	struct https_socket *socket = sk ? bpf_sk_storage_get(&https_sockets, sk, 0, 0) : NULL;
	struct decision decision = {};
	u64 now = bpf_ktime_get_boot_ns();

	if (!packet || !flow)
		return 0;
	if (socket && !socket->waits)
		socket->waits = now;
	if (socket && now - socket->waits < STALLED_NS)
		return 0;
	decision.generation = flow->generation;
	decision.name = flow->name;
	deny(&decision, socket ? REASON_HTTPS_UNDECIDED : REASON_HTTPS_UNSEEN);
	return end_flow(skb, packet, flow, &decision);
}

/*
 * Whether what a socket has taken from its process, and not sent, was granted. Its records are not counted: where nothing is granted
 * any more, there may be none but an alert.
 */
static __always_inline bool is_queue_granted(struct sock *sk, struct https_socket *socket)
{
	struct https_records *records = &socket->records;
	/* What an iterator is given is no key. */
	struct https_ends ends = socket->ends;
	u32 written = BPF_CORE_READ((struct tcp_sock *)sk, write_seq);
	s64 more = (s32)(written - records->next);
	struct https_offers *offers;
	s64 left, adds = 0;
	u64 granted;

	/* The end of the connection counts as a byte. */
	if (BPF_CORE_READ(sk, __sk_common.skc_state) != TCP_ESTABLISHED)
		more--;
	if (!find_granted(&ends, &offers, &granted))
		return false;
	left = offers && (socket->asks || !asks_nobody(socket)) ? granted - offers->used : 0;
	if (left > 0)
		adds = RECORD_ADDS * (1 + (u64)left / RECORD_HOLDS);
	if (records->alerts)
		adds += TLS_RECORD_HEADER + records->adds + ALERT_BYTES;
	return more <= left + adds;
}
