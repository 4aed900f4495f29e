/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* Files: what their records have in common, and names that are made, removed or changed. Opens: observe_opens.h. */
#pragma once

#include "process.h"
#include "rings.h"
#include "watch.h"

/* The T1 programs tell opens, or changed names: then the T0 ones are silent for what succeeded. Set before load. */
const volatile u8 opens_by_object = 0;
const volatile u8 names_by_object = 0;

enum {
	FMODE_WRITE = 0x2,
	FMODE_PATH = 0x4000,
	FMODE_CREATED = 0x100000,
	OPEN_TRUNC = 01000,
	MODE_TYPE = 0170000,
	MODE_REGULAR = 0100000,
};

#define PIDTYPE_PID 0

enum { AT_REMOVEDIR = 0x200, AT_SYMLINK_FOLLOW = 0x400 };

enum error_numbers { NO_PERMISSION = 1 /* EPERM */, ACCESS_DENIED = 13 /* EACCES */, READ_ONLY = 30 /* EROFS */ };

/* Workspace files may flood; a sensitive place must not drown in that. */
static __always_inline void send_file(struct scratch *s, u32 size, bool is_urgent)
{
	if (is_urgent)
		send_urgent(&s->record, size, RECORD_FILE);
	else if (s->record.header.flags & FILE_BEING_WRITTEN)
		send_bulk_at_once(&s->record, size, RECORD_FILE);
	else
		send_bulk(&s->record, size, RECORD_FILE);
}

static __always_inline u16 file_flags_of(u32 bits)
{
	u16 flags = 0;
	if (bits & WATCH_WORKSPACE)
		flags |= FILE_WORKSPACE;
	if (bits & ~(WATCH_WORKSPACE | WATCH_BY_ACTION | WATCH_BEING_WRITTEN))
		flags |= FILE_WATCHED;
	if (bits & WATCH_BEING_WRITTEN)
		flags |= FILE_BEING_WRITTEN;
	if (bits & WATCH_BY_ACTION)
		flags |= FILE_BY_ACTION;
	if (bits & WATCH_NAMELESS)
		flags |= FILE_NAMELESS;
	return flags;
}

/* One name of an act: from where it is looked up, and the string in user memory (or the kernel's copy of it). */
struct named {
	struct place base;
	const void *name;
	bool in_kernel;
};

/* The name's bytes, zeroes behind its end. Returns its size with the NUL, or an error. */
static __always_inline long read_name(void *to, u32 size, struct named *named)
{
	if (named->in_kernel)
		return bpf_probe_read_kernel_str(to, size, named->name);
	return bpf_probe_read_user_str(to, size, named->name);
}

/* Appends base (when the name is relative) and name; sizes[0], sizes[1] say how much. Returns the end. */
struct append_act {
	u32 slot;
	u32 offset;
	u32 limit;
	u32 flags;
	u16 sizes[2];
	struct named named;
	u64 known; /* in: whether the base may begin at a known directory; out: its inode, or 0 */
};

__noinline int append_name(struct append_act *act)
{
	if (!act)
		return 0;
	struct task_struct *task = (void *)bpf_get_current_task();
	struct named *named = &act->named;
	u32 offset = act->offset;
	struct scratch *s = scratch_at(act->slot);
	if (!s)
		return offset;
	/* The name first into its final place is not possible without knowing the base's size: read its first byte. */
	char first = 0;
	if (named->in_kernel)
		bpf_probe_read_kernel(&first, 1, named->name);
	else
		bpf_probe_read_user(&first, 1, named->name);
	struct place base = named->base;
	if (first == '/')
		base = root_of(task);
	u32 end = offset;
	if (base.dentry && act->known)
		end = append_inside(act->slot, offset, act->limit, base.dentry, &act->flags, &act->known);
	if (base.dentry && !act->known)
		end = append_path(act->slot, offset, act->limit, base, &act->flags);
	act->sizes[0] = end - offset;
	if (!named->name)
		return end;
	long size = read_name(text_at(s, end), PATH_MAX_KEPT, named);
	if (size <= 0 || size >= PATH_MAX_KEPT)
		act->flags |= FILE_PATH_TRUNCATED;
	if (size <= 0)
		return end;
	act->sizes[1] = size - 1;
	return end + size - 1;
}

static __always_inline u32 append_inside_named(u32 slot, u32 offset, u32 limit, struct named *named, u16 *sizes, u32 *flags,
						u64 *known)
{
	struct append_act act = { .slot = slot, .offset = offset, .limit = limit, .named = *named, .known = *known };
	u32 end = append_name(&act);
	*known = act.known;
	sizes[0] = act.sizes[0];
	sizes[1] = act.sizes[1];
	*flags |= act.flags;
	return end;
}

static __always_inline u32 append_named(u32 slot, u32 offset, u32 limit, struct named *named, u16 *sizes, u32 *flags)
{
	u64 known = 0;
	return append_inside_named(slot, offset, limit, named, sizes, flags, &known);
}

/* Whether a name is one component: then the directory that it is in is the base itself, which is the kernel's word. */
static __always_inline bool one_component(const u64 *start, long size)
{
	u64 slashes = 0;
	if (size <= 1 || size == NAME_KEPT + 1)
		return false;
	if ((start[0] & 0xffff) == '.' || (start[0] & 0xffffff) == 0x2e2e)
		return false;
	/* A byte of x is 0 where the name has a slash; the usual test for a zero byte in a word. */
	for (u32 i = 0; i < (NAME_KEPT + 1) / 8; i++) {
		u64 x = start[i] ^ 0x2f2f2f2f2f2f2f2full;
		slashes |= (x - 0x0101010101010101ull) & ~x & 0x8080808080808080ull;
	}
	return !slashes;
}

/*
 * A file by its descriptor, `/proc/self/fd/N`: how one without a name is given one. By the time that user space looks there may be no
 * such process. Once it is found there is no name any more.
 */
__noinline int take_descriptor(struct named *named)
{
	union {
		u64 words[4];
		char text[32];
	} name = {};
	if (!named)
		return 0;
	long size = read_name(name.text, 24, named);
	/* "/proc/se" "lf/fd/" */
	if (size < 16 || name.words[0] != 0x65732f636f72702full || (name.words[1] & 0xffffffffffff) != 0x2f64662f666cull)
		return 0;
	u32 fd = 0;
	for (u32 i = 14; i < 23; i++) {
		u32 digit = (u8)name.text[i] - '0';
		if (!name.text[i])
			break;
		if (digit > 9)
			return 0;
		fd = fd * 10 + digit;
	}
	struct file *file = file_of((void *)bpf_get_current_task(), fd);
	if (!file)
		return 0;
	named->base = place_of_file(file);
	named->name = 0;
	return 1;
}

/* Bits of a name from memory; ~0: it cannot be told here, user space must look. */
__noinline int weigh_name(struct named *named)
{
	if (!named)
		return 0;
	struct watch_name key = {};
	long size = read_name(key.name, sizeof(key), named);
	if (!one_component((const u64 *)&key, size))
		return ~0u;
	u32 bits = watched_above(named->base) & (WATCH_WORKSPACE | WATCH_BELOW);
	u32 *leaf = bpf_map_lookup_elem(&watched_names, &key);
	if (leaf)
		bits |= *leaf & (WATCH_LEAF_READ | WATCH_LEAF_WRITE);
	struct dentry *directory = named->base.dentry;
	u32 itself = directory ? watched_itself(BPF_CORE_READ(directory, d_inode)) : 0;
	return bits | ((watched_name(directory) | itself) & (WATCH_DIR_READ | WATCH_DIR_WRITE));
}

struct name_act {
	u32 action;
	s32 error;
	u64 open_flags;
	u32 flags;
	struct named from;
	struct named to;
	bool has_to;
	bool is_urgent;    /* set by compose_names */
	bool from_is_text; /* a symbolic link's target: kept as it is, not resolved */
	bool from_is_followed; /* where its last name is a link, what that leads to is meant */
	bool is_kept_anyway; /* also where its name says nothing: it may be a link */
};

/* Puts an act on names together in the scratch record. Returns its size; 0: nobody needs to know. */
static __always_inline u32 compose_names(u32 slot, struct name_act *act, u32 limit)
{
	if (act->from_is_followed)
		take_descriptor(&act->from);
	u32 from_bits = act->from_is_text ? 0 : act->from_is_followed ? ~0u : weigh_name(&act->from);
	u32 to_bits = act->has_to ? weigh_name(&act->to) : 0;
	if (!from_bits && !to_bits && !act->is_kept_anyway)
		return 0;
	struct scratch *s = scratch_at(slot);
	if (!s)
		return 0;
	clear_record(s);
	struct file_record *record = &s->record.file;
	u32 flags = act->flags | FILE_USER_NAME;
	/* What could not be weighed (~0) is left to user space. */
	if (from_bits != ~0u)
		flags |= file_flags_of(from_bits);
	if (to_bits != ~0u && (to_bits & WATCH_WORKSPACE))
		flags |= FILE_TO_WORKSPACE;
	u16 sizes[2] = {};
	u32 end;
	if (act->from_is_text)
		act->from.base.dentry = 0;
	u64 known = from_bits && from_bits != ~0u;
	struct dentry *directory = known ? act->from.base.dentry : act->to.base.dentry;
	if (directory)
		record->device = device_of(BPF_CORE_READ(directory, d_sb));
	end = append_inside_named(slot, 0, limit, &act->from, sizes, &flags, &known);
	record->directory = known;
	record->path_size = sizes[0];
	record->name_size = sizes[1];
	if (act->has_to) {
		sizes[0] = sizes[1] = 0;
		known = to_bits && to_bits != ~0u;
		end = append_inside_named(slot, end, limit, &act->to, sizes, &flags, &known);
		record->to_directory = known;
		record->to_path_size = sizes[0];
		record->to_name_size = sizes[1];
	}
	record->action = act->action;
	record->error = act->error;
	record->open_flags = act->open_flags;
	u32 size = record_size(end);
	describe_current(&record->header, RECORD_FILE, flags, size);
	u32 sensitive = WATCH_BELOW | WATCH_LEAF_READ | WATCH_LEAF_WRITE | WATCH_DIR_READ | WATCH_DIR_WRITE;
	act->is_urgent = ((from_bits != ~0u && (from_bits & sensitive)) || (to_bits != ~0u && (to_bits & sensitive)));
	return size;
}

__noinline int tell_names(struct name_act *act)
{
	if (!act)
		return 0;
	u32 size = compose_names(SLOT_TRACEPOINT, act, PATH_MAX_KEPT);
	struct scratch *s = scratch_at(SLOT_TRACEPOINT);
	if (size && s)
		send_file(s, record_size(size - TEXT_OFFSET), act->is_urgent);
	return 0;
}

/* The same, for a record that is told when the act has ended. Returns its size. */
__noinline int compose_kept(struct name_act *act)
{
	return act ? compose_names(SLOT_TRACEPOINT, act, 900) : 0;
}

/* Sends a record that was kept, with how it ended. */
static __always_inline void send_kept(struct kept *kept, s32 error, u16 more_flags)
{
	struct file_record *record = (void *)kept->record;
	u32 size = BOUND(kept->pending.size, 2 * PENDING_MAX - 1);
	if (size < TEXT_OFFSET || size > PENDING_MAX)
		return;
	record->error = error;
	record->header.flags |= more_flags;
	if (kept->pending.is_urgent)
		send_urgent(kept->record, size, RECORD_FILE);
	else
		send_bulk(kept->record, size, RECORD_FILE);
}

/* Failures worth telling: somebody was refused. A name that is not there is no news. */
static __always_inline bool refused(s64 result)
{
	return result == -NO_PERMISSION || result == -ACCESS_DENIED || result == -READ_ONLY;
}
