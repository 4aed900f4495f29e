/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* Files that are opened, by the kernel's own struct file. */
#pragma once

#include "by_action.h"
#include "observe_files.h"
#include "served.h"

/* The process that a file of /proc is about, also where it is one of its threads', in the initial pid namespace; 0: none. */
static __always_inline u32 proc_target(struct inode *inode)
{
	struct hlist_node *node;
	struct pid *pid = 0;
	if (BPF_CORE_READ(inode, i_sb, s_magic) != PROC_MAGIC)
		return 0;
	bpf_probe_read_kernel(&pid, sizeof(pid),
			      (void *)inode - bpf_core_field_offset(struct proc_inode, vfs_inode) +
				      bpf_core_field_offset(struct proc_inode, pid));
	if (!pid)
		return 0;
	node = BPF_CORE_READ(pid, tasks[PIDTYPE_PID].first);
	if (!node)
		return BPF_CORE_READ(pid, numbers[0].nr);
	struct task_struct *task = (void *)node - bpf_core_field_offset(struct task_struct, pid_links[PIDTYPE_PID]);
	return BPF_CORE_READ(task, tgid);
}

/* By the file's own name: a mount may have it anywhere, and call it anything. */
static __always_inline u8 process_file_of(struct dentry *dentry)
{
	u32 size = BPF_CORE_READ(dentry, d_name.len);
	u64 name = 0;
	bpf_probe_read_kernel(&name, sizeof(name), BPF_CORE_READ(dentry, d_name.name));
	if (size == 3 && (name & 0xffffff) == 0x6d656d /* mem */)
		return PROCESS_MEMORY;
	if (size == 7 && (name & 0xffffffffffffff) == 0x6e6f7269766e65 /* environ */)
		return PROCESS_ENVIRONMENT;
	return 0;
}

/*
 * .NET writes the code that it compiles through a memory file, `memfd:doublemapper`, whose descriptor its process keeps. An open of it
 * can only come by /proc: whoever else opens it for writing writes into that process.
 */
__noinline int is_dotnet_code(u64 address)
{
	struct dentry *dentry = (void *)address;
	if (READ(struct dentry, dentry, d_name.len) != 18 || READ(struct dentry, dentry, d_parent) != dentry)
		return 0;
	const unsigned char *name = READ(struct dentry, dentry, d_name.name);
	/* "memfd:do" "ublemapp" */
	return beginning_of(name, 8) == 0x6f643a64666d656dull && beginning_of(name + 8, 8) == 0x7070616d656c6275ull;
}

/* Who has read what is open for writing, and when that was told last: once a second is enough for a process and a file. */
struct written_key {
	u64 inode;
	u32 device;
	u32 tgid;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct written_key);
	__type(value, u64);
} read_while_written SEC(".maps");

enum { TOLD_AGAIN_NS = 1000000000 };

/* Whether somebody has it open for writing, or mapped so: a mapping keeps its file. (Below zero: it is being run.) */
static __always_inline bool is_being_written(struct inode *inode)
{
	return READ(struct inode, inode, i_writecount.counter) > 0;
}

/* A file of the workspace is read while it is open for writing. Returns whether that is to be told now. */
__noinline int is_news_while_written(u64 address)
{
	struct inode *inode = (void *)address;
	struct written_key key = { .tgid = bpf_get_current_pid_tgid() >> 32 };
	u64 now = bpf_ktime_get_ns();
	key.inode = BPF_CORE_READ(inode, i_ino);
	key.device = BPF_CORE_READ(inode, i_sb, s_dev);
	u64 *last = bpf_map_lookup_elem(&read_while_written, &key);
	if (last && now - *last < TOLD_AGAIN_NS)
		return 0;
	bpf_map_update_elem(&read_while_written, &key, &now, BPF_ANY);
	return 1;
}

struct open_act {
	u32 action;
	u32 bits; /* of enum watch_bits */
	u32 target;
	u32 flags; /* of enum file_flags, to be added */
	u64 open_flags;
};

/*
 * Where a file is in its own file system. Before 6.7 what a stacked file system opens below has the path of the file above:
 * then only the inode is its own, and leads to a name of it.
 */
static __always_inline struct place place_inside(struct file *file)
{
	struct place place = place_of_file(file);
	struct dentry *dentry = place.dentry;
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct hlist_node *alias;
	if (BPF_CORE_READ(dentry, d_inode) == inode)
		return place;
	alias = BPF_CORE_READ(inode, i_dentry.first);
	if (alias) {
		place.dentry = (void *)alias - bpf_core_field_offset(struct dentry, d_u.d_alias);
		place.mnt = 0;
	}
	return place;
}

/* What overlayfs has opened below a file, 0: nothing. At T1 that open is seen by itself. */
static __always_inline struct file *opened_below(struct file *file)
{
	struct inode *inode = READ(struct file, file, f_inode);
	struct super_block *sb = READ(struct inode, inode, i_sb);
	if (opens_by_object || READ(struct super_block, sb, s_magic) != OVERLAYFS_MAGIC)
		return 0;
	return file_below(file);
}

/*
 * Whether an open is worth telling, as cheaply as can be for one that is not: a plain read costs two names and one
 * inode number, nothing is put together.
 */
__noinline int weigh_open(u64 address, struct open_act *act)
{
	struct file *file = (void *)address;
	if (!act)
		return 0;
	u64 open_flags = act->open_flags;
	u32 mode = BPF_CORE_READ(file, f_mode);
	if (mode & FMODE_PATH)
		return 0;
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct place place = place_inside(file);
	struct dentry *leaf = place.dentry;
	struct dentry *directory = BPF_CORE_READ(leaf, d_parent);
	bool changes = (mode & (FMODE_WRITE | FMODE_CREATED)) || (open_flags & OPEN_TRUNC);
	u32 leaf_bits = WATCH_LEAF_READ, dir_bits = WATCH_DIR_READ;
	if (changes) {
		u16 type = BPF_CORE_READ(inode, i_mode) & MODE_TYPE;
		if (type == MODE_REGULAR)
			act->bits = watched_above(place) & (WATCH_WORKSPACE | WATCH_BELOW | WATCH_FILE);
		if (type == MODE_REGULAR && is_dotnet_code((u64)place.dentry))
			act->bits |= WATCH_CODE;
		leaf_bits |= WATCH_LEAF_WRITE;
		dir_bits |= WATCH_DIR_WRITE;
	} else {
		act->bits = watched_itself(inode) & WATCH_FILE;
		if (is_being_written(inode) && (BPF_CORE_READ(inode, i_mode) & MODE_TYPE) == MODE_REGULAR &&
		    watched_above(place) & WATCH_WORKSPACE && is_news_while_written(number_of(inode)))
			act->bits |= WATCH_WORKSPACE | WATCH_BEING_WRITTEN;
	}
	act->bits |= watched_name(leaf) & leaf_bits;
	act->bits |= (watched_name(directory) | watched_itself(BPF_CORE_READ(directory, d_inode))) & dir_bits;
	if (BPF_CORE_READ(leaf, d_flags) & DISCONNECTED && directory == leaf &&
	    (BPF_CORE_READ(inode, i_mode) & MODE_TYPE) == MODE_REGULAR)
		act->bits |= WATCH_NAMELESS;
	if (!changes && runs_action() && (BPF_CORE_READ(inode, i_mode) & MODE_TYPE) == MODE_REGULAR)
		act->bits |= WATCH_BY_ACTION;
	if (!act->bits)
		return 0;
	act->target = proc_target(inode);
	/* A process's own memory is no secret to it. Its environment it may hand on: so it is the one of its next program. */
	if (act->target && act->target == bpf_get_current_pid_tgid() >> 32 && process_file_of(leaf) != PROCESS_ENVIRONMENT)
		return 0;
	act->action = !changes ? FILE_READ : mode & FMODE_CREATED ? FILE_CREATE : FILE_WRITE;
	return 0;
}

/*
 * Most opens are plain reads of files that nobody watches: found out with a few loads and no call. False is the last
 * word; true only means that weigh_open has to look.
 */
static __always_inline bool may_be_watched(struct file *file, u64 open_flags)
{
	u32 mode = READ(struct file, file, f_mode);
	if (mode & FMODE_PATH)
		return false;
	if (mode & (FMODE_WRITE | FMODE_CREATED) || open_flags & OPEN_TRUNC)
		return true;
	struct inode *inode = READ(struct file, file, f_inode);
	if (maybe_watched_inode(READ(struct inode, inode, i_ino)) || is_being_written(inode))
		return true;
	if (runs_action())
		return true;
	struct dentry *dentry = READ(struct file, file, f_path.dentry);
	if (READ(struct dentry, dentry, d_flags) & DISCONNECTED)
		return true;
	u32 size = READ(struct dentry, dentry, d_name.len);
	if (maybe_watched_name(beginning_of(READ(struct dentry, dentry, d_name.name), size), size))
		return true;
	struct dentry *parent = READ(struct dentry, dentry, d_parent);
	size = READ(struct dentry, parent, d_name.len);
	if (maybe_watched_name(beginning_of(READ(struct dentry, parent, d_name.name), size), size))
		return true;
	inode = READ(struct dentry, parent, d_inode);
	return maybe_watched_folder(READ(struct inode, inode, i_ino));
}

static __always_inline bool maybe_worth_telling(struct file *file, u64 open_flags)
{
	if (may_be_watched(file, open_flags))
		return true;
	struct file *below = opened_below(file);
	/* Of two that are stacked weigh_open looks at the lowest. */
	return below && (may_be_watched(below, open_flags) || opened_below(below));
}

__noinline int tell_open(u32 slot, u64 address, struct open_act *act)
{
	struct file *file = (void *)address;
	if (!act)
		return 0;
	struct scratch *s = scratch_at(slot);
	if (!s)
		return 0;
	clear_record(s);
	struct file_record *record = &s->record.file;
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct place place = place_inside(file);
	u32 flags = file_flags_of(act->bits) | act->flags;
	struct dentry *leaf = place.dentry;
	u64 known = 0;
	u32 end = 0;
	/* In the workspace where it is there decides, by whatever mount it was reached. */
	if (flags & FILE_WORKSPACE && !(flags & FILE_WATCHED))
		end = append_inside(slot, 0, PATH_MAX_KEPT, leaf, &flags, &known);
	if (!known) {
		flags &= ~FILE_PATH_TRUNCATED;
		end = append_path(slot, 0, PATH_MAX_KEPT, place_of_file(file), &flags);
	}
	if (!BPF_CORE_READ(leaf, d_hash.pprev))
		flags |= FILE_DELETED;
	if (BPF_CORE_READ(file, f_mode) & FMODE_CREATED)
		flags |= FILE_CREATED;
	if (place.dentry != place_of_file(file).dentry)
		flags |= FILE_STACKED;
	/* The same file once more: told of the one above, unless it is the place that counts. None is so with /proc, nor are memory files. */
	if (act->target || act->bits & WATCH_CODE)
		flags &= ~FILE_STACKED;
	if (flags & FILE_STACKED && !(flags & (FILE_WORKSPACE | FILE_WATCHED)))
		return 0;
	record->path_size = end;
	if (flags & FILE_WATCHED) {
		end = append_inside(slot, end, PATH_MAX_KEPT, leaf, &flags, &known);
		record->to_path_size = end - record->path_size;
	}
	record->directory = known;
	record->inode = BPF_CORE_READ(inode, i_ino);
	record->mode = BPF_CORE_READ(inode, i_mode);
	record->device = device_of(BPF_CORE_READ(inode, i_sb));
	record->target = act->target;
	record->of_target = act->target ? process_file_of(leaf) : act->bits & WATCH_CODE ? PROCESS_CODE : 0;
	record->action = act->action;
	record->open_flags = act->open_flags;
	u32 size = record_size(end);
	describe_current(&record->header, RECORD_FILE, flags, size);
	send_file(s, size, flags & FILE_WATCHED);
	return 0;
}

/*
 * A file has been opened: tells it when it is worth telling, and also what is below it in stacked file systems, of which the
 * kernel has no more than two. Returns whether it was.
 */
__noinline int file_opened(u64 address, u64 open_flags, u32 slot, u32 flags)
{
	int told = 0;
	for (u32 i = 0; i < 3 && address; i++) {
		struct open_act act = { .open_flags = open_flags, .flags = flags };
		weigh_open(address, &act);
		if (act.action) {
			tell_open(slot, address, &act);
			told = 1;
		}
		address = number_of(opened_below((struct file *)address));
		flags |= FILE_STACKED;
	}
	return told;
}
