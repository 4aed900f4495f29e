/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * T1: where the kernel takes fentry and fexit, opens and changed names are told from the objects that the kernel
 * acts on, whichever way the act came: nothing of it is in memory that the process can change meanwhile.
 */
#pragma once

#include "observe_opens.h"

/* By thread: the names that the security hook was shown, until the file system's own function says how it ended. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, u64);
	__type(value, struct kept);
} name_changes SEC(".maps");

SEC("fexit/security_file_open")
int object_file_open(u64 *ctx)
{
	struct file *file = (struct file *)ctx[0];
	if ((s32)ctx[1] || !in_scope())
		return 0;
	if (maybe_worth_telling(file, file->f_flags))
		file_opened(number_of(file), file->f_flags, SLOT_FILE_OPEN, 0);
	return 0;
}

/* A directory entry as a mount shows it. Bits that say whether it is watched. */
static __always_inline u32 weigh_entry(struct place place)
{
	struct dentry *entry = place.dentry;
	struct dentry *parent = BPF_CORE_READ(entry, d_parent);
	u32 bits = watched_above_mount((u64)parent, (u64)place.mnt) & (WATCH_WORKSPACE | WATCH_BELOW);
	bits |= watched_name(entry) & (WATCH_LEAF_READ | WATCH_LEAF_WRITE);
	return bits | ((watched_name(parent) | watched_itself(BPF_CORE_READ(parent, d_inode))) & (WATCH_DIR_READ | WATCH_DIR_WRITE));
}

/* By where it is, where that is known, and else as it is mounted. */
static __always_inline u32 append_entry(u32 slot, u32 offset, struct place place, u32 *flags, u64 *known)
{
	u32 cut = *flags;
	u32 end = append_inside(slot, offset, 900, place.dentry, flags, known);
	if (*known)
		return end;
	*flags = cut;
	return append_path(slot, offset, 900, place, flags);
}

struct entry_act {
	u64 object;
	u32 slot;
	u32 action;
	struct place from;
	struct place to;
	const char *text; /* of a symbolic link */
};

__noinline int keep_entries(struct entry_act *act)
{
	if (!act)
		return 0;
	u32 from_bits = act->from.dentry ? weigh_entry(act->from) : 0;
	u32 to_bits = act->to.dentry ? weigh_entry(act->to) : 0;
	if (!from_bits && !to_bits)
		return 0;
	struct scratch *s = scratch_at(act->slot);
	if (!s)
		return 0;
	clear_record(s);
	struct file_record *record = &s->record.file;
	u32 flags = file_flags_of(from_bits);
	u32 end = 0;
	u64 known = 0;
	struct dentry *from = act->from.dentry, *to = act->to.dentry;
	if (from) {
		record->device = device_of(BPF_CORE_READ(from, d_sb));
		end = append_entry(act->slot, 0, act->from, &flags, &known);
		record->directory = known;
		record->path_size = end;
	}
	if (act->text) {
		long size = bpf_probe_read_kernel_str(s->text, 900, act->text);
		end = size > 0 ? BOUND((u32)size - 1, 1023) : 0;
		record->name_size = end;
	}
	if (to) {
		u32 begin = end;
		record->device = device_of(BPF_CORE_READ(to, d_sb));
		end = append_entry(act->slot, end, act->to, &flags, &known);
		record->to_directory = known;
		record->to_path_size = end - begin;
		if (to_bits & WATCH_WORKSPACE)
			flags |= FILE_TO_WORKSPACE;
	}
	record->action = act->action;
	u32 size = record_size(end);
	describe_current(&record->header, RECORD_FILE, flags, size);
	s->pending.object = act->object;
	s->pending.size = size;
	s->pending.is_urgent = ((from_bits | to_bits) & ~WATCH_WORKSPACE) != 0;
	u64 key = bpf_get_current_pid_tgid();
	bpf_map_update_elem(&name_changes, &key, s, BPF_ANY);
	return 0;
}

static __always_inline int entry_changed(u64 object, void *ctx)
{
	u64 result = 0;
	u64 key = bpf_get_current_pid_tgid();
	struct kept *kept = bpf_map_lookup_elem(&name_changes, &key);
	if (!kept || kept->pending.object != object)
		return 0;
	bpf_get_func_ret(ctx, &result);
	if ((s32)result == 0)
		send_kept(kept, 0, 0);
	bpf_map_delete_elem(&name_changes, &key);
	return 0;
}

SEC("fentry/security_path_unlink")
int object_path_unlink(u64 *ctx)
{
	struct path *dir = (struct path *)ctx[0];
	struct dentry *entry = (struct dentry *)ctx[1];
	if (!in_scope())
		return 0;
	struct entry_act act = { .object = (u64)entry, .slot = SLOT_UNLINK, .action = FILE_DELETE };
	act.from.dentry = entry;
	act.from.mnt = dir->mnt;
	return keep_entries(&act);
}

SEC("fexit/vfs_unlink")
int object_unlinked(u64 *ctx)
{
	return entry_changed(ctx[2], ctx);
}

SEC("fentry/security_path_rename")
int object_path_rename(u64 *ctx)
{
	struct path *old_dir = (struct path *)ctx[0];
	struct path *new_dir = (struct path *)ctx[2];
	if (!in_scope())
		return 0;
	struct entry_act act = { .object = ctx[1], .slot = SLOT_RENAME, .action = FILE_RENAME };
	act.from.dentry = (struct dentry *)ctx[1];
	act.from.mnt = old_dir->mnt;
	act.to.dentry = (struct dentry *)ctx[3];
	act.to.mnt = new_dir->mnt;
	return keep_entries(&act);
}

SEC("fexit/vfs_rename")
int object_renamed(u64 *ctx)
{
	struct renamedata *names = (struct renamedata *)ctx[0];
	return entry_changed((u64)names->old_dentry, ctx);
}

SEC("fentry/security_path_link")
int object_path_link(u64 *ctx)
{
	struct path *new_dir = (struct path *)ctx[1];
	if (!in_scope())
		return 0;
	/* Both are on one mount: linkat refuses anything else. */
	struct entry_act act = { .object = ctx[2], .slot = SLOT_LINK, .action = FILE_LINK };
	act.from.dentry = (struct dentry *)ctx[0];
	act.from.mnt = new_dir->mnt;
	act.to.dentry = (struct dentry *)ctx[2];
	act.to.mnt = new_dir->mnt;
	return keep_entries(&act);
}

SEC("fexit/vfs_link")
int object_linked(u64 *ctx)
{
	return entry_changed(ctx[3], ctx);
}

SEC("fentry/security_path_symlink")
int object_path_symlink(u64 *ctx)
{
	struct path *dir = (struct path *)ctx[0];
	if (!in_scope())
		return 0;
	struct entry_act act = { .object = ctx[1], .slot = SLOT_SYMLINK, .action = FILE_SYMLINK };
	act.to.dentry = (struct dentry *)ctx[1];
	act.to.mnt = dir->mnt;
	act.text = (const char *)ctx[2];
	return keep_entries(&act);
}

SEC("fexit/vfs_symlink")
int object_symlinked(u64 *ctx)
{
	return entry_changed(ctx[2], ctx);
}
