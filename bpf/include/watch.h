/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * What is worth telling: files below watched directories (by device and inode, so that other names of the same
 * directory count too), the inodes of sensitive files, and names (`id_rsa`, a directory `.ssh`) wherever they are.
 * Names only preselect: user space knows the whole path and has the last word.
 */
#pragma once

#include "path.h"

struct watch_key {
	u32 device;
	u32 unused;
	u64 inode;
};

enum watch_bits {
	WATCH_WORKSPACE = 1,  /* directory: writes below it */
	WATCH_BELOW = 2,      /* directory: writes below it, a sensitive place */
	WATCH_FILE = 4,       /* this very file, reads and writes */
	WATCH_LEAF_READ = 8,  /* name of a file, for reads and writes */
	WATCH_LEAF_WRITE = 16,
	WATCH_DIR_READ = 32,  /* name of the directory that a file is in, for reads and writes */
	WATCH_DIR_WRITE = 64,
	WATCH_BY_ACTION = 128, /* of no name: whoever opens it runs an action */
	WATCH_BEING_WRITTEN = 256, /* of no name: somebody has it open for writing */
	WATCH_CODE = 512, /* of no name: a memory file with code of .NET's */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct watch_key);
	__type(value, u32);
} watched SEC(".maps");

enum { NAME_KEPT = 31 };

struct watch_name {
	char name[NAME_KEPT + 1];
} __attribute__((aligned(8)));

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct watch_name);
	__type(value, u32);
} watched_names SEC(".maps");

/* Filters before the maps, 4,096 bits each: by inode number, and by hash_name of a name. Set before load. */
const volatile u64 watched_inodes[64] = {};
const volatile u64 watched_hashes[64] = {};

/* Of the first 8 bytes and the length; user space does the same (watch.ts). */
static __always_inline u32 hash_name(u64 word, u32 size)
{
	return ((word + size) * 0x9e3779b97f4a7c15ull) >> 52;
}

static __always_inline bool maybe_watched_name(u64 word, u32 size)
{
	u32 hash = hash_name(word, size);
	return watched_hashes[(hash >> 6) & 63] >> (hash & 63) & 1;
}

static __always_inline bool maybe_watched_inode(u64 inode)
{
	return watched_inodes[(inode >> 6) & 63] >> (inode & 63) & 1;
}

static __always_inline u32 watched_inode(u32 device, u64 inode)
{
	struct watch_key key = { .device = device, .inode = inode };
	u32 *bits = bpf_map_lookup_elem(&watched, &key);
	return bits ? *bits : 0;
}

/* Bits of a directory entry's name. */
__noinline int watched_name_of(u64 address)
{
	struct dentry *dentry = (void *)address;
	u32 size = READ(struct dentry, dentry, d_name.len);
	const unsigned char *name = READ(struct dentry, dentry, d_name.name);
	if (!maybe_watched_name(beginning_of(name, size), size))
		return 0;
	struct watch_name key = {};
	if (size > NAME_KEPT)
		size = NAME_KEPT;
	bpf_probe_read_kernel(key.name, size & NAME_KEPT, name);
	u32 *bits = bpf_map_lookup_elem(&watched_names, &key);
	return bits ? *bits : 0;
}

static __always_inline u32 watched_name(struct dentry *dentry)
{
	return watched_name_of((u64)dentry);
}

struct watch_walk {
	struct dentry *dentry;
	struct vfsmount *mnt;
	u32 bits;
	u32 unused;
};

static long watch_step(u32 index, struct watch_walk *walk)
{
	struct dentry *dentry = walk->dentry;
	struct vfsmount *mnt = walk->mnt;
	struct inode *inode = READ(struct dentry, dentry, d_inode);
	u64 number = READ(struct inode, inode, i_ino);
	if (maybe_watched_inode(number))
		walk->bits |= watched_inode(BPF_CORE_READ(dentry, d_sb, s_dev), number);
	if (walk->bits & WATCH_WORKSPACE)
		return 1;
	if (dentry == READ(struct vfsmount, mnt, mnt_root)) {
		struct mount *mount = real_mount(mnt);
		struct mount *parent = READ(struct mount, mount, mnt_parent);
		if (parent == mount)
			return 1;
		walk->dentry = READ(struct mount, mount, mnt_mountpoint);
		walk->mnt = (void *)parent + bpf_core_field_offset(struct mount, mnt);
		return 0;
	}
	struct dentry *parent = READ(struct dentry, dentry, d_parent);
	if (parent == dentry)
		return 1;
	walk->dentry = parent;
	return 0;
}

/* Bits of a place and of every directory above it. */
__noinline int watched_above_mount(u64 dentry, u64 mnt)
{
	struct watch_walk walk = { .dentry = (void *)dentry, .mnt = (void *)mnt };
	if (dentry)
		bpf_loop(PATH_DEPTH, watch_step, &walk, 0);
	return walk.bits;
}

static __always_inline u32 watched_above(struct place place)
{
	return watched_above_mount((u64)place.dentry, (u64)place.mnt);
}
