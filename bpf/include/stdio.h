/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* What a process has at its standard descriptors when it becomes another program. */
#pragma once

#include <bpf/bpf_endian.h>

#include "path.h"

/* In place of the four bits of a file's type (stat.h), which leave these free. */
enum stdio_kind {
	STDIO_CLOSED = 0,
	STDIO_PIPE = 1,
	STDIO_FIFO = 3,	     /* a pipe that has a name */
	STDIO_LOOPBACK = 11, /* an internet socket whose peer is on this machine, by its address */
	STDIO_SOCKET = 12,   /* of another family */
	STDIO_NETWORK = 13,  /* an internet socket with another peer */
};

static __always_inline u32 kind_of_socket(struct file *file)
{
	struct socket *socket = READ(struct file, file, private_data);
	struct sock *sk = READ(struct socket, socket, sk);
	u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);

	if (family == 2 /* AF_INET */)
		return (BPF_CORE_READ(sk, __sk_common.skc_daddr) & 0xff) == 127 ? STDIO_LOOPBACK : STDIO_NETWORK;
	if (family == 10 /* AF_INET6 */) {
		u32 address[4] = {};

		bpf_core_read(address, sizeof(address), &sk->__sk_common.skc_v6_daddr);
		if (!address[0] && !address[1] &&
		    ((!address[2] && address[3] == bpf_htonl(1)) || (address[2] == bpf_htonl(0xffff) && (address[3] & 0xff) == 127)))
			return STDIO_LOOPBACK;
		return STDIO_NETWORK;
	}
	return STDIO_SOCKET;
}

/* Of the current process. Not static: see packet.h. */
__noinline int stdio_kind(s32 fd)
{
	struct file *file = file_of((struct task_struct *)bpf_get_current_task(), fd);

	if (!file)
		return STDIO_CLOSED;
	u32 type = BPF_CORE_READ(file, f_inode, i_mode) >> 12;
	if (type == 12)
		return kind_of_socket(file);
	if (type == STDIO_PIPE && BPF_CORE_READ(file, f_inode, i_sb, s_magic) != 0x50495045 /* PIPEFS_MAGIC */)
		return STDIO_FIFO;
	return type;
}

/* The current process's pipe: its number is unique on the machine, and has 32 bits. Not static: see packet.h. */
__noinline u32 pipe_at(s32 fd)
{
	struct file *file = file_of((struct task_struct *)bpf_get_current_task(), fd);

	return file ? BPF_CORE_READ(file, f_inode, i_ino) : 0;
}

static __always_inline u16 current_stdio(void)
{
	return (stdio_kind(0) & 15) | (stdio_kind(1) & 15) << 4 | (stdio_kind(2) & 15) << 8;
}
