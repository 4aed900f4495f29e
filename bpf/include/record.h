/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* What every record of the two rings begins with, and the kinds of records. Kinds are never reused. */
#pragma once

enum record_kind {
	RECORD_EXEC = 1,
	RECORD_FORK = 2,
	RECORD_EXIT = 3,
	RECORD_FILE = 4,
	RECORD_SANDBOX = 5,
	RECORD_CONNECT = 6, /* connect, datagram, raw or packet socket, stray packet: one attempt */
	RECORD_STEP = 7,    /* a step of a workflow begins: a part of its root's environment */
	RECORD_KINDS = 16,
};

struct record_header {
	__u16 kind;	    /* enum record_kind */
	__u16 flags;	    /* by kind */
	__u32 size;	    /* of the whole record, bytes */
	__u64 time;	    /* CLOCK_BOOTTIME, ns */
	__u64 start;	    /* start of the process (thread group leader), CLOCK_BOOTTIME, ns */
	__u32 tgid;	    /* process id in the initial pid namespace */
	__u32 uid;	    /* effective uid in the initial user namespace */
};
