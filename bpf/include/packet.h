/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * Where a packet goes, by its own headers: IPv4 with options, IPv6 with extension headers.
 *
 * Functions that are not static are verified once and by themselves; inlined, their branches would
 * multiply with those of the caller and make loading slow.
 */
#pragma once

#include "decide.h"

#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86dd

#define IP_OPTION_END 0
#define IP_OPTION_NOP 1
#define IP_OPTION_LSRR 131
#define IP_OPTION_SSRR 137

#define IPV6_HOP_BY_HOP 0
#define IPV6_ROUTING 43
#define IPV6_FRAGMENT 44
#define IPV6_AUTHENTICATION 51
#define IPV6_DESTINATION 60

/* RFC 2710, RFC 4861, RFC 3810. A raw socket, which could make them, is refused; a ping socket sends echoes only. */
#define ICMPV6_LISTENER_QUERY 130
#define ICMPV6_REDIRECT 137
#define ICMPV6_LISTENER_REPORT 143

/* More extension headers than a stack sends; beyond, the packet counts as malformed. */
#define IPV6_EXTENSIONS 8

/* Where the packet begins in the buffer: on the link another header stands before it. */
#ifndef PACKET_AT
#define PACKET_AT(skb) 0
#endif

static __always_inline long load_bytes(struct __sk_buff *skb, u32 at, void *to, u32 size)
{
	return bpf_skb_load_bytes(skb, PACKET_AT(skb) + at, to, size);
}

struct packet {
	struct destination to;
	union {
		u8 source[16];
		u64 source_halves[2];
	};
	u16 source_port;
	u16 transport_at; /* the TCP header's place */
	u16 data_at; /* place of what is behind it; 0: not known yet */
	u8 fault; /* enum connect_reason that forbids the packet whatever its destination; 0: none */
	bool opens; /* TCP SYN without ACK */
	bool upkeep; /* neighbour discovery and multicast reports, which none but the kernel sends over a socket */
};

struct ports {
	u16 source;
	u16 destination;
};

struct ipv4_header {
	u8 version_length;
	u8 tos;
	u16 length;
	u16 id;
	u16 fragment;
	u8 ttl;
	u8 protocol;
	u16 check;
	u32 source;
	u32 destination;
};

struct ipv6_header {
	u32 flow;
	u16 length;
	u8 next;
	u8 hops;
	u8 source[16];
	u8 destination[16];
};

static __always_inline void read_ports(struct __sk_buff *skb, u32 at, struct packet *packet)
{
	u8 protocol = packet->to.protocol;
	struct ports ports;

	if (protocol == IPPROTO_ICMPV6 && packet->to.family == AF_INET6) {
		u8 type = 0;
		if (load_bytes(skb, at, &type, 1))
			packet->fault = REASON_MALFORMED;
		packet->upkeep = (type >= ICMPV6_LISTENER_QUERY && type <= ICMPV6_REDIRECT) || type == ICMPV6_LISTENER_REPORT;
		return;
	}
	if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP && protocol != IPPROTO_UDPLITE)
		return;
	if (load_bytes(skb, at, &ports, sizeof(ports))) {
		packet->fault = REASON_MALFORMED;
		return;
	}
	packet->transport_at = at;
	packet->source_port = bpf_ntohs(ports.source);
	packet->to.port = bpf_ntohs(ports.destination);
	if (protocol == IPPROTO_TCP) {
		u8 flags = 0;
		if (load_bytes(skb, at + 13, &flags, 1))
			packet->fault = REASON_MALFORMED;
		packet->opens = (flags & 0x12) == 0x02;
	}
}

struct ip_options {
	struct __sk_buff *skb;
	u32 at, end;
	bool routes;
};

static long read_ip_option(u32 index, struct ip_options *options)
{
	u8 option[2] = {};

	if (options->at >= options->end)
		return 1;
	options->routes = true;
	if (load_bytes(options->skb, options->at, option, 1))
		return 1;
	if (option[0] == IP_OPTION_LSRR || option[0] == IP_OPTION_SSRR)
		return 1;
	if (option[0] > IP_OPTION_NOP) {
		if (load_bytes(options->skb, options->at + 1, option + 1, 1) || option[1] < 2)
			return 1;
		options->at += option[1];
	} else {
		options->at++;
	}
	options->routes = false;
	return option[0] == IP_OPTION_END;
}

/* Any process may set these options, and then the destination in the header is only the first of several. */
__noinline int has_source_route(struct __sk_buff *skb, u32 end)
{
	struct ip_options options = { .skb = skb, .at = sizeof(struct ipv4_header), .end = end };

	bpf_loop(40, read_ip_option, &options, 0);
	return options.routes;
}

static __always_inline void read_ipv4(struct __sk_buff *skb, struct packet *packet)
{
	struct ipv4_header header;
	u32 length;

	packet->to.family = AF_INET;
	if (load_bytes(skb, 0, &header, sizeof(header))) {
		packet->fault = REASON_MALFORMED;
		return;
	}
	packet->to.words[2] = bpf_htonl(0xffff);
	packet->to.words[3] = header.destination;
	packet->source[10] = packet->source[11] = 0xff;
	__builtin_memcpy(packet->source + 12, &header.source, 4);
	packet->to.protocol = header.protocol;
	length = (header.version_length & 15) * 4;
	if (length < sizeof(header)) {
		packet->fault = REASON_MALFORMED;
		return;
	}
	if (length > sizeof(header) && has_source_route(skb, length))
		packet->fault = REASON_SOURCE_ROUTE;
	if (header.fragment & bpf_htons(0x1fff)) {
		packet->fault = REASON_FRAGMENT;
		return;
	}
	read_ports(skb, length, packet);
}

static __always_inline void read_ipv6(struct __sk_buff *skb, struct packet *packet)
{
	struct ipv6_header header;
	u32 at = sizeof(header);
	u8 next;

	packet->to.family = AF_INET6;
	if (load_bytes(skb, 0, &header, sizeof(header))) {
		packet->fault = REASON_MALFORMED;
		return;
	}
	__builtin_memcpy(packet->to.address, header.destination, 16);
	__builtin_memcpy(packet->source, header.source, 16);
	next = header.next;
	for (int i = 0; i < IPV6_EXTENSIONS; i++) {
		u8 extension[4] = {};
		u32 length;

		if (next != IPV6_HOP_BY_HOP && next != IPV6_ROUTING && next != IPV6_FRAGMENT &&
		    next != IPV6_AUTHENTICATION && next != IPV6_DESTINATION) {
			packet->to.protocol = next;
			read_ports(skb, at, packet);
			return;
		}
		if (load_bytes(skb, at, extension, sizeof(extension)))
			break;
		length = ((u32)extension[1] + 1) * 8;
		if (next == IPV6_ROUTING)
			packet->fault = REASON_SOURCE_ROUTE;
		if (next == IPV6_AUTHENTICATION)
			length = ((u32)extension[1] + 2) * 4;
		if (next == IPV6_FRAGMENT) {
			length = 8;
			/* Offset in the upper 13 bits, in units of 8 bytes. */
			if (extension[2] || extension[3] & 0xf8) {
				packet->to.protocol = extension[0];
				packet->fault = REASON_FRAGMENT;
				return;
			}
		}
		next = extension[0];
		at += length;
	}
	packet->to.protocol = next;
	packet->fault = REASON_MALFORMED;
}

/* Whether a packet says that it comes from the address and port of the DNS proxy. */
static __always_inline bool is_from_proxy(const struct packet *packet)
{
	if (!packet->source_port)
		return false;
	if (packet->to.family == AF_INET)
		return packet->source_port == proxy_port4 && packet->source[12] == 127;
	return packet->source_port == proxy_port6 && !packet->source_halves[0] &&
	       packet->source_halves[1] == bpf_cpu_to_be64(1);
}

/* What nearly every packet is, read in place; false: it is something else. */
static __always_inline bool read_plain(struct __sk_buff *skb, struct packet *packet)
{
	void *data = (void *)(long)skb->data;
	void *end = (void *)(long)skb->data_end;
	struct ports *ports;
	u8 protocol;

	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		struct ipv4_header *header = data;
		if (data + sizeof(*header) + 14 > end || header->version_length != 0x45 ||
		    header->fragment & bpf_htons(0x1fff))
			return false;
		packet->to.family = AF_INET;
		packet->to.words[2] = bpf_htonl(0xffff);
		packet->to.words[3] = header->destination;
		packet->source[10] = packet->source[11] = 0xff;
		__builtin_memcpy(packet->source + 12, &header->source, 4);
		protocol = header->protocol;
		ports = data + sizeof(*header);
	} else if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
		struct ipv6_header *header = data;
		if (data + sizeof(*header) + 14 > end)
			return false;
		packet->to.family = AF_INET6;
		__builtin_memcpy(packet->to.address, header->destination, 16);
		__builtin_memcpy(packet->source, header->source, 16);
		protocol = header->next;
		ports = data + sizeof(*header);
	} else {
		return false;
	}
	if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP)
		return false;
	packet->to.protocol = protocol;
	packet->transport_at = (void *)ports - data;
	packet->source_port = bpf_ntohs(ports->source);
	packet->to.port = bpf_ntohs(ports->destination);
	packet->data_at = packet->transport_at + (((u8 *)ports)[12] >> 4) * 4;
	packet->opens = protocol == IPPROTO_TCP && (((u8 *)ports)[13] & 0x12) == 0x02;
	return true;
}

/* Always gives a destination; what can't be read is a fault. `packet` comes zeroed. */
__noinline int read_packet(struct __sk_buff *skb, struct packet *packet)
{
	if (!packet)
		return -1;
	if (skb->protocol == bpf_htons(ETH_P_IP))
		read_ipv4(skb, packet);
	else if (skb->protocol == bpf_htons(ETH_P_IPV6))
		read_ipv6(skb, packet);
	else
		packet->fault = REASON_MALFORMED;
	return 0;
}
