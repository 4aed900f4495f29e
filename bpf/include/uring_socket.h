/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * Sockets that io_uring makes and that reach the network without IP: told as families.h tells those of socket(). One record
 * each, in the ring that may overflow: a program can ask for any number of them.
 */
#pragma once

#include "connect.h"
#include "observe_files.h"
#include "other_family.h"

#define IPPROTO_RAW 255

static __always_inline bool is_raw_ip(u32 family, u32 type)
{
	return (family == AF_INET || family == AF_INET6) && type == SOCK_RAW;
}

/* Makes the record of a request that was submitted. Returns its size, 0: there is nothing to say. */
static __always_inline u32 compose_socket(struct scratch *s, struct io_socket *asked)
{
	struct connect_record *record = (void *)&s->record;
	u32 family = BPF_CORE_READ(asked, domain);
	u32 type = BPF_CORE_READ(asked, type) & 0xf;
	bool raw = is_raw_ip(family, type);

	if (!raw && !asks_other_family(family, type))
		return 0;
	__builtin_memset(record, 0, sizeof(*record));
	describe_current(&record->header, RECORD_CONNECT, 0, sizeof(*record));
	record->rule = RULE_NONE;
	record->count = 1;
	record->socket_type = type;
	record->family = !raw && family == AF_INET ? AF_PACKET : family;
	record->protocol = IPPROTO_RAW;
	record->verdict = VERDICT_WOULD_BLOCK;
	record->via = VIA_SOCKET;
	record->reason = raw ? REASON_RAW_SOCKET : REASON_FAMILY;
	return sizeof(*record);
}

/* Whether a packet or raw socket is refused for want of the capability, before anything else is asked. */
static __always_inline bool lacks_capability(struct connect_record *record)
{
	return (record->family == AF_PACKET || record->reason == REASON_RAW_SOCKET) && !has_net_raw();
}

static __always_inline void send_socket(struct connect_record *record, s64 result)
{
	if (record->reason == REASON_RAW_SOCKET) {
		/* The others come to the cgroup hook. */
		if (!is_refused_raw(record->family, record->socket_type, result))
			return;
	} else if (is_no_attempt(result)) {
		return;
	}
	if (result < 0 && ends_leavers)
		record->verdict = VERDICT_BLOCKED;
	send_bulk_at_once(record, sizeof(*record), RECORD_CONNECT);
}
