/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * Records of the TLS probes (shared with packages/sensor/src/tls/layout.ts; a test holds the two together). Their rings
 * are their own: what programs send is secret, and its flood displaces nothing but itself.
 */
#pragma once

#include "process.h"
#include "observe.h"

enum tls_record_kind {
	TLS_CHUNK = 1,
	TLS_END = 2,
	TLS_IMAGE = 3,
	TLS_OFFER = 4, /* a tls_chunk that is about to be sent */
};

/* What a probe's cookie says of the function that it is on. */
enum tls_cookie {
	TLS_LIBRARY_MASK = 0xff, /* packages/sensor/src/tls/layout.ts numbers them */
	TLS_RECEIVED = 0x100,		/* else sent */
	TLS_COUNT_BY_POINTER = 0x200, /* returns 1, and the count where its fourth argument points to */
	TLS_COUNT_IS_INT = 0x400,
	TLS_ENDS = 0x800,	/* ends the session that is its argument */
	TLS_RETURNS = 0x1000,	/* a return instruction of Go's function */
	TLS_GO = 0x2000,	/* called as Go calls */
};

enum tls_limits {
	TLS_SMALL = 512,
	TLS_MIDDLE = 4096,
	TLS_PART = 16384, /* all plain text that one TLS record can hold (RFC 8446 §5.1) */
	TLS_PARTS = 8,	  /* of one call, where more than one; what is beyond is counted, not copied, but for its end */
};

struct tls_header {
	__u16 kind;
	__u16 flags; /* TLS_CHUNK: 1: one before it was lost. TLS_OFFER: 2: more of the same write follows */
	__u32 tgid;
	__u64 start; /* of the process, CLOCK_BOOTTIME, ns */
	__u64 time;  /* CLOCK_BOOTTIME, ns */
	__u64 session;
};

struct tls_chunk {
	struct tls_header header;
	__u64 moved;  /* by the call; by this part of it */
	__u32 cookie; /* enum tls_cookie */
	__u32 copied; /* of `data` that is filled */
	__u64 family_start; /* TLS_OFFER: struct https_key that it counts to */
	__u64 family_tgid;
	__u64 sent; /* TLS_OFFER: by earlier calls of the session */
	char data[];
};

/* A file by its inode, and whether it is still the file that it was: whoever gets the number next is made later. */
struct tls_file {
	__u64 inode;
	__u64 changed; /* ctime, ns */
	__u32 device;  /* the kernel's dev_t: major << 20 | minor */
	__u32 unused;
};

/* A process runs a file's code from here on: by exec (address 0) or by mmap. */
struct tls_image {
	struct tls_header header; /* session: address of the mapping */
	struct tls_file file;
	__u32 known; /* as user space has put it into tls_files; 0: it has not */
	__u32 path_size; /* "leaf\0parent\0…\0" behind the struct, as in observe.h; none where it is known */
	__u32 served;	 /* enum served; not where it is known */
	__u32 unused[5];
};

_Static_assert(sizeof(struct tls_image) == TEXT_OFFSET, "text of image");

enum tls_lost {
	TLS_LOST_CHUNK = 0, /* no room in the ring */
	TLS_LOST_IMAGE = 1,
	TLS_LOST_BEGIN = 2, /* a call ended whose begin was not seen, or is forgotten */
	TLS_LOST_DATA = 3,  /* memory that could not be read */
	TLS_LOST_OFFER = 4, /* a write that could not be offered: its process was ended */
	TLS_LOSSES = 5,
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TLS_LOSSES);
	__type(key, u32);
	__type(value, u64);
} tls_lost SEC(".maps");

static __always_inline void count_tls_lost(u32 what)
{
	u64 *count = bpf_map_lookup_elem(&tls_lost, &what);

	if (count)
		(*count)++;
}
