/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* Paths from the kernel's own objects: from a dentry up to the root, over mounts. */
#pragma once

#include "direct.h"
#include "scratch.h"

/* A place in the tree: a directory entry as seen through a mount. */
struct place {
	struct dentry *dentry;
	struct vfsmount *mnt;
};

/* PATH_MAX allows for 2,048 components, and each may be mounted: what does not fit is cut and said so. */
enum { PATH_DEPTH = 4096 };

/* The namespace of a mount that the kernel keeps for itself, as a stacked file system does of what is below: an error number. */
#define MOUNTED_NOWHERE (-4095ul)

struct path_walk {
	struct dentry *dentry;
	struct vfsmount *mnt;
	u32 slot;
	u32 offset;
	u32 end;
	u32 flags; /* enum file_flags: truncated, unreachable */
	u32 done;
};

/* The mount that `mnt` is part of. */
static __always_inline struct mount *real_mount(struct vfsmount *mnt)
{
	return (void *)mnt - bpf_core_field_offset(struct mount, mnt);
}

/* Says in the path's first component that its beginning is missing. */
static __always_inline void say_cut(struct path_walk *walk)
{
	struct scratch *s = scratch_at(walk->slot);
	if (s)
		__builtin_memcpy(text_at(s, walk->offset), "…", sizeof("…"));
	walk->offset += sizeof("…");
	walk->flags |= FILE_PATH_TRUNCATED;
	walk->done = 1;
}

/* Appends one component and goes on to what it is in. Returns 1 when there is no room for it. */
static __always_inline long append_component(struct path_walk *walk, struct dentry *parent)
{
	struct dentry *dentry = walk->dentry;
	u32 size = READ(struct dentry, dentry, d_name.len) & 255;
	if (walk->offset + size + 1 + sizeof("…") > walk->end) {
		say_cut(walk);
		return 1;
	}
	struct scratch *s = scratch_at(walk->slot);
	if (!s)
		return 1;
	bpf_probe_read_kernel(text_at(s, walk->offset), size, READ(struct dentry, dentry, d_name.name));
	*text_at(s, walk->offset + size) = 0;
	walk->offset += size + 1;
	walk->dentry = parent;
	return 0;
}

static long path_step(u32 index, struct path_walk *walk)
{
	struct dentry *dentry = walk->dentry;
	struct vfsmount *mnt = walk->mnt;
	if (dentry == READ(struct vfsmount, mnt, mnt_root)) {
		struct mount *mount = real_mount(mnt);
		struct mount *parent = READ(struct mount, mount, mnt_parent);
		if (parent == mount) {
			u64 ns = (u64)READ(struct mount, mount, mnt_ns);
			if (!ns)
				walk->flags |= FILE_UNREACHABLE;
			else if (ns >= MOUNTED_NOWHERE)
				walk->flags |= FILE_STACKED;
			walk->done = 1;
			return 1;
		}
		walk->dentry = READ(struct mount, mount, mnt_mountpoint);
		walk->mnt = (void *)parent + bpf_core_field_offset(struct mount, mnt);
		return 0;
	}
	struct dentry *parent = READ(struct dentry, dentry, d_parent);
	if (parent == dentry) {
		walk->flags |= FILE_UNREACHABLE;
		walk->done = 1;
		return 1;
	}
	return append_component(walk, parent);
}

/*
 * Walks up from walk->dentry. A global function: the verifier looks at it once, not at each of its callers.
 */
__noinline int walk_path(struct path_walk *walk)
{
	if (!walk)
		return 0;
	struct dentry *leaf = walk->dentry;
	u32 offset = walk->offset;
	u32 slot = walk->slot;
	struct path_walk own = *walk;
	bpf_loop(PATH_DEPTH, path_step, &own, 0);
	/* A file without directory and mount of its own, e.g. a memfd: its name is all there is. */
	if (own.offset == offset && (own.flags & FILE_UNREACHABLE)) {
		struct scratch *s = scratch_at(slot);
		struct qstr name;
		bpf_core_read(&name, sizeof(name), &leaf->d_name);
		u32 size = name.len & 255;
		if (s) {
			bpf_probe_read_kernel(text_at(s, offset), size, name.name);
			*text_at(s, offset + size) = 0;
			own.offset += size + 1;
		}
	}
	if (!own.done)
		say_cut(&own);
	*walk = own;
	return 0;
}

/*
 * Appends the path of `place` to the text of slot's record, leaf first, from `offset`, at most `limit` bytes. Returns
 * the offset behind it and adds to *flags. The root itself is the empty path.
 */
static __always_inline u32 append_path(u32 slot, u32 offset, u32 limit, struct place place, u32 *flags)
{
	struct path_walk walk = {
		.dentry = place.dentry, .mnt = place.mnt, .slot = slot, .offset = offset, .end = offset + limit,
	};
	walk_path(&walk);
	*flags |= walk.flags;
	return walk.offset;
}

static __always_inline struct place place_of_file(struct file *file)
{
	struct place place = {};
	bpf_core_read(&place.mnt, sizeof(place.mnt), &file->f_path.mnt);
	bpf_core_read(&place.dentry, sizeof(place.dentry), &file->f_path.dentry);
	return place;
}

#define SOCKFS_MAGIC 0x534f434b

/* The open file behind a descriptor of the current process; 0: none. */
static __always_inline struct file *file_of(struct task_struct *task, s32 fd)
{
	struct files_struct *open_files = READ(struct task_struct, task, files);
	struct fdtable *table = READ(struct files_struct, open_files, fdt);
	if (fd < 0 || (u32)fd >= READ(struct fdtable, table, max_fds))
		return 0;
	return pointer_at(READ(struct fdtable, table, fd) + (u32)fd);
}

/* The directory that a name is relative to. */
static __always_inline struct place directory_of(struct task_struct *task, s32 dirfd)
{
	struct place place = {};
	if (dirfd == -100 /* AT_FDCWD */) {
		place.mnt = BPF_CORE_READ(task, fs, pwd.mnt);
		place.dentry = BPF_CORE_READ(task, fs, pwd.dentry);
		return place;
	}
	struct file *file = file_of(task, dirfd);
	if (file)
		place = place_of_file(file);
	return place;
}

static __always_inline struct place root_of(struct task_struct *task)
{
	struct place place = { .dentry = BPF_CORE_READ(task, fs, root.dentry), .mnt = BPF_CORE_READ(task, fs, root.mnt) };
	return place;
}
