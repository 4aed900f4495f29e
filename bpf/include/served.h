/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * Whether somebody answers for a file who may let its reader wait for ever: a process (FUSE) or another machine. Told by the kernel's
 * own objects: where a file system is mounted may have changed since, and a mount that was let go of is in no list.
 */
#pragma once

#include "kernel.h"

enum served {
	SERVED_BY_NOBODY = 0,
	SERVED_BY_PROCESS = 1,
	SERVED_BY_NETWORK = 2, /* root can mount what a process of its own serves */
};

enum {
	OVERLAYFS_MAGIC = 0x794c7630,
	FUSE_MAGIC = 0x65735546,
	NFS_MAGIC = 0x6969,
	V9FS_MAGIC = 0x01021997,
	CEPH_MAGIC = 0x00c36400,
	AFS_MAGIC = 0x5346414f,
	CODA_MAGIC = 0x73757245,
};
#define CIFS_MAGIC 0xff534d42
#define SMB2_MAGIC 0xfe534d42

extern int LINUX_KERNEL_VERSION __kconfig;
#define OVERLAY_HAS_CONTEXT ((6 << 16) + (13 << 8))

static __always_inline u32 magic_of(struct file *file)
{
	return BPF_CORE_READ(file, f_inode, i_sb, s_magic);
}

/* What an overlay reads itself: the file below it. */
static __always_inline struct file *file_below(struct file *file)
{
	void *context = BPF_CORE_READ(file, private_data);

	/* Its first member is that file. */
	if (LINUX_KERNEL_VERSION >= OVERLAY_HAS_CONTEXT && bpf_probe_read_kernel(&context, sizeof(context), context))
		return NULL;
	return context;
}

/* Of the file whose struct file * is `number`. Not static: see packet.h. */
__noinline int served_by(u64 number)
{
	struct file *file = (void *)number;
	u32 magic = magic_of(file);

	/* The kernel stacks no more than two. */
	if (magic == OVERLAYFS_MAGIC && (file = file_below(file)))
		magic = magic_of(file);
	if (magic == OVERLAYFS_MAGIC && file && (file = file_below(file)))
		magic = magic_of(file);
	switch (magic) {
	case FUSE_MAGIC:
		return SERVED_BY_PROCESS;
	case NFS_MAGIC:
	case V9FS_MAGIC:
	case CEPH_MAGIC:
	case AFS_MAGIC:
	case CODA_MAGIC:
	case CIFS_MAGIC:
	case SMB2_MAGIC:
		return SERVED_BY_NETWORK;
	}
	return SERVED_BY_NOBODY;
}
