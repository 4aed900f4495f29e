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

/*
 * What a descriptor of the current process is, the same for all who have it from one another: of a pipe, named or not, the same at both
 * ends; of a unix socket the process at its other end, where that is known. 0: nobody is at another end. Not static: see packet.h.
 */
__noinline u32 end_at(s32 fd)
{
	struct file *file = file_of((struct task_struct *)bpf_get_current_task(), fd);
	struct inode *inode = file ? BPF_CORE_READ(file, f_inode) : 0;

	if (!inode)
		return 0;
	u32 type = BPF_CORE_READ(inode, i_mode) >> 12;
	/* Files and folders; of devices those of memory: /dev/null, /dev/zero. */
	if (type == 8 || type == 4 || type == 6 || (type == 2 && BPF_CORE_READ(inode, i_rdev) >> 20 == 1))
		return 0;
	if (type == 12) {
		struct socket *socket = READ(struct file, file, private_data);
		struct sock *sk = READ(struct socket, socket, sk);
		struct pid *peer = BPF_CORE_READ(sk, sk_peer_pid);
		if (peer)
			return BPF_CORE_READ(peer, numbers[0].nr);
	}
	/* Numbers of inodes are unique within a file system. */
	return BPF_CORE_READ(inode, i_ino) + BPF_CORE_READ(inode, i_sb, s_dev) * 0x9e3779b1;
}

static __always_inline u16 current_stdio(void)
{
	return (stdio_kind(0) & 15) | (stdio_kind(1) & 15) << 4 | (stdio_kind(2) & 15) << 8;
}
