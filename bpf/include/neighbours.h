/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* What a machine needs to be reached on its own links at all: it goes no further than these. */
#pragma once

#include "packet.h"

#define ND_ROUTER_SOLICITATION 133
#define ND_NEIGHBOUR_ADVERTISEMENT 136
#define MLD_QUERY 130
#define MLD_DONE 132
#define MLD2_REPORT 143

/*
 * Neighbour discovery (RFC 4861), which a receiver takes from its own link only (hop limit 255), and reports of
 * multicast groups (RFC 3810) to link-local multicast. From raw sockets of the kernel's own: the scope can't make any.
 */
static __always_inline bool is_neighbour_talk(struct __sk_buff *skb, const struct packet *packet)
{
	struct ipv6_header header;
	u32 at = sizeof(header);
	bool local;
	u8 type;

	if (packet->to.family != AF_INET6 || packet->to.protocol != IPPROTO_ICMPV6)
		return false;
	if (load_bytes(skb, 0, &header, sizeof(header)))
		return false;
	/* A hop-by-hop header with the router alert stands before reports. */
	if (header.next == IPV6_HOP_BY_HOP)
		at += 8;
	else if (header.next != IPPROTO_ICMPV6)
		return false;
	if (load_bytes(skb, at, &type, 1))
		return false;
	/* ff02::/16 */
	local = packet->to.address[0] == 0xff && packet->to.address[1] == 2;
	if (type >= ND_ROUTER_SOLICITATION && type <= ND_NEIGHBOUR_ADVERTISEMENT)
		return header.hops == 255;
	return local && ((type >= MLD_QUERY && type <= MLD_DONE) || type == MLD2_REPORT);
}
