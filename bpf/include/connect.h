/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* One attempt to reach a destination, or several alike: RECORD_CONNECT. Numbers are never reused. */
#pragma once

#include "kernel.h"
#include "record.h"

enum connect_verdict {
	VERDICT_ALLOWED = 0,
	VERDICT_BLOCKED = 1,
	VERDICT_WOULD_BLOCK = 2,
	VERDICT_ATTACK_BLOCKED = 3,
};

/* What the process did, or the layer that saw it. */
enum connect_via {
	VIA_CONNECT = 0,
	VIA_SEND = 1,
	VIA_SOCKET = 2,
	VIA_PACKET = 3,
	VIA_LINK = 4,
};

enum connect_reason {
	REASON_NO_RULE = 0,	 /* nothing in the policy allows it */
	REASON_ADDRESS = 1,	 /* an address or block of the policy; `rule` */
	REASON_NAME = 2,	 /* a name that the policy allows led here; `rule`, `name` */
	REASON_LOOPBACK = 3,	 /* does not leave the machine */
	REASON_BLOCK_LIST = 4,	 /* `rule` is the entry of the block list */
	REASON_LIVE = 5,	 /* flow that began while its name was valid */
	REASON_PROXY = 6,	 /* the DNS proxy's own port, not by way of port 53 */
	REASON_RAW_SOCKET = 7,	 /* a socket that writes its own headers */
	REASON_PROTOCOL = 8,	 /* a transport that no policy can allow */
	REASON_FRAGMENT = 9,	 /* later fragment of a packet, written by hand */
	REASON_SOURCE_ROUTE = 10, /* packet that names further destinations in its header */
	REASON_INBOUND = 11,	 /* answer to a connection that came from outside */
	REASON_MALFORMED = 12,	 /* header that ends too early */
	REASON_FAMILY = 13,	 /* an address family other than IP; `family` */
	REASON_RESOLVER = 14,	 /* a socket on the port of this machine's own resolver, or what speaks as the DNS proxy */
	/* The name that a connection says of itself; each in place of REASON_NAME. */
	REASON_SERVER_NAME = 15,      /* SNI or Host that the policy does not allow at this address */
	REASON_NO_SERVER_NAME = 16,   /* TLS or HTTP that says no name, at an address of names that are not allowed there */
	REASON_NOT_TLS = 17,	      /* neither TLS nor HTTP, at an address of names that are not allowed there */
	REASON_ENCRYPTED_HELLO = 18,  /* ECH: another name may be inside */
	REASON_SPLIT_HELLO = 19,      /* the name may be in a later packet or record */
	REASON_MALFORMED_HELLO = 20,  /* a ClientHello that can't be read */
	REASON_HTTP_HOST = 21,	      /* HTTP whose host servers could differ on: several, folded, with blanks inside */
	REASON_QUIC = 22,	      /* UDP 443 where a name is allowed over TCP only */
	REASON_ZERO_COPY = 23,	      /* bytes that the sender could still change: zero-copy send, sendfile, splice */
	/* Towards a host with HTTPS rules. */
	REASON_HTTPS_UNSEEN = 24,     /* by a program whose TLS is not seen, or not TLS with a name */
	REASON_HTTPS_UNDECIDED = 25,  /* bytes that no decision about a request is behind */
	REASON_URGENT = 26,	      /* urgent data of TCP, which servers take out of the stream or leave in it */
};

/* In place of a rule's index. */
#define RULE_NONE 0xffffffffU

/* The process of the header is the socket's: the one that last named a destination, or made it. */
struct connect_record {
	struct record_header header;
	__u8 address[16]; /* network order, IPv4 as ::ffff:a.b.c.d; zero: none */
	__u64 cookie;	  /* the socket's, unique until the next boot */
	__u32 rule;
	__u32 name;	   /* id of the learned name, 0: none */
	__u32 count;	   /* attempts that it stands for */
	__u16 port;	   /* 0: none */
	__u16 socket_type; /* for VIA_SOCKET */
	__u8 family;	   /* AF_* */
	__u8 protocol;	   /* IPPROTO_* */
	__u8 verdict;
	__u8 via;
	__u8 reason;
	__u8 pad[3];
};

/* Flags of the header. */
enum connect_flags {
	CONNECT_NAMED = 1, /* the record is a named_record */
};

/* With the name that the connection said, and the socket's own end. */
struct named_record {
	struct connect_record record;
	__u8 source[16];
	__u16 source_port;
	__u8 name_length; /* 0: it said none */
	__u8 protocol;	  /* enum first_protocol */
	__u32 device; /* that it is bound to (SO_BINDTODEVICE), 0: none */
	char server_name[256];
};
