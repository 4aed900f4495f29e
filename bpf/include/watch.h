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
	WATCH_PLACE = 1024, /* directory: selects nothing, but says where what is below it is */
	WATCH_NAMELESS = 2048, /* of no name: opened by a handle, in no directory that the kernel knows */
};

/* Directories of which user space knows the path. */
#define WATCH_KNOWN (WATCH_WORKSPACE | WATCH_BELOW | WATCH_DIR_READ | WATCH_DIR_WRITE | WATCH_PLACE)

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

/* Filters before the maps, 4,096 bits each: by inode number (again of WATCH_DIR_READ alone), and by hash_name of a name. Set before load. */
const volatile u64 watched_inodes[64] = {};
const volatile u64 watched_folders[64] = {};
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

enum {
	PROC_MAGIC = 0x9fa0,
	SYSFS_MAGIC = 0x62656572,
	EVERY_PROC = 0xffffffff,
	EVERY_SYSFS = 0xfffffffe,
	DISCONNECTED = 1 << 5, /* of d_flags */
};

/* Whoever may mount makes /proc and /sys anew, each time as another device: all of one kind are one here. */
static __always_inline u32 device_of(struct super_block *sb)
{
	unsigned long magic = READ(struct super_block, sb, s_magic);
	if (magic == PROC_MAGIC)
		return EVERY_PROC;
	return magic == SYSFS_MAGIC ? EVERY_SYSFS : READ(struct super_block, sb, s_dev);
}

/* Whether reads of what is in a directory may be told. */
static __always_inline bool maybe_watched_folder(u64 inode)
{
	return watched_folders[(inode >> 6) & 63] >> (inode & 63) & 1;
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

/* What is known of an inode itself. */
static __always_inline u32 watched_itself(struct inode *inode)
{
	u64 number = READ(struct inode, inode, i_ino);
	return maybe_watched_inode(number) ? watched_inode(device_of(READ(struct inode, inode, i_sb)), number) : 0;
}

struct watch_walk {
	struct dentry *dentry;
	struct vfsmount *mnt;
	u32 bits;
	u32 is_done;
};

/*
 * Up to the top of the file system, whatever part of it is mounted: a mount of a watched directory, or of one below it, is
 * another name for the same files. From there on to what the mount stands on.
 */
static long watch_step(u32 index, struct watch_walk *walk)
{
	struct dentry *dentry = walk->dentry;
	walk->bits |= watched_itself(READ(struct dentry, dentry, d_inode));
	struct dentry *parent = READ(struct dentry, dentry, d_parent);
	if (walk->bits & WATCH_WORKSPACE) {
		walk->is_done = 1;
		return 1;
	}
	if (parent != dentry) {
		walk->dentry = parent;
		return 0;
	}
	struct mount *mount = real_mount(walk->mnt);
	struct mount *below = walk->mnt ? READ(struct mount, mount, mnt_parent) : mount;
	if (below == mount) {
		walk->is_done = 1;
		return 1;
	}
	walk->dentry = READ(struct mount, mount, mnt_mountpoint);
	walk->mnt = (void *)below + bpf_core_field_offset(struct mount, mnt);
	return 0;
}

/* Bits of a place and of every directory above it. What is too deep to be looked at may be anywhere: in the workspace, too. */
__noinline int watched_above_mount(u64 dentry, u64 mnt)
{
	struct watch_walk walk = { .dentry = (void *)dentry, .mnt = (void *)mnt };
	if (!dentry)
		return 0;
	bpf_loop(PATH_DEPTH, watch_step, &walk, 0);
	return walk.is_done ? walk.bits : walk.bits | WATCH_WORKSPACE;
}

static __always_inline u32 watched_above(struct place place)
{
	return watched_above_mount((u64)place.dentry, (u64)place.mnt);
}

enum { AT_KNOWN = 2 };

static long inside_step(u32 index, struct path_walk *walk)
{
	struct dentry *dentry = walk->dentry;
	struct dentry *parent = READ(struct dentry, dentry, d_parent);
	if (watched_itself(READ(struct dentry, dentry, d_inode)) & WATCH_KNOWN) {
		walk->done = AT_KNOWN;
		return 1;
	}
	if (parent == dentry) {
		walk->done = 1;
		return 1;
	}
	return append_component(walk, parent);
}

__noinline int walk_inside(struct path_walk *walk)
{
	if (!walk)
		return 0;
	struct path_walk own = *walk;
	bpf_loop(PATH_DEPTH, inside_step, &own, 0);
	if (!own.done)
		say_cut(&own);
	*walk = own;
	return 0;
}

/*
 * Like append_path, whatever is mounted where: up to the first directory that user space knows, whose inode goes to
 * *known, or else (0) to the top of the file system.
 */
static __always_inline u32 append_inside(u32 slot, u32 offset, u32 limit, struct dentry *dentry, u32 *flags, u64 *known)
{
	struct path_walk walk = { .dentry = dentry, .slot = slot, .offset = offset, .end = offset + limit };
	walk_inside(&walk);
	*flags |= walk.flags;
	*known = 0;
	if (walk.done == AT_KNOWN) {
		struct dentry *end = walk.dentry;
		*known = BPF_CORE_READ(end, d_inode, i_ino);
	}
	return walk.offset;
}
