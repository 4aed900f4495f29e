/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* Notes which narrowings of the policy a process fulfils. Costs one look into an array where there are none. */
#pragma once

#include "known_worker.h"
#include "path.h"
#include "served.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct program_key);
} program_keys SEC(".maps");

/*
 * Nothing ran in the scope when it was armed: whoever armed it puts the first program there, maybe with a view of its own
 * of the machine's files. Paths count as this program sees them, too. Set before load.
 */
const volatile u8 first_names_mounts = 0;
u32 first_mount_ns;

static __always_inline u32 mount_ns_of(struct file *file)
{
	struct mount *mount = real_mount(BPF_CORE_READ(file, f_path.mnt));

	return BPF_CORE_READ(mount, mnt_ns, ns.inum);
}

static __always_inline void note_first(struct file *file)
{
	if (first_names_mounts)
		first_mount_ns = mount_ns_of(file);
}

static __always_inline struct narrowings *narrowings_at(u32 slot)
{
	return bpf_map_lookup_elem(&narrowings, &slot);
}

static __always_inline bool is_narrowed(void)
{
	struct narrowings *first = narrowings_at(0), *second = narrowings_at(1);

	return first && second && (first->tag || second->tag);
}

/* Root's, and nobody else may write it. Where somebody serves the file all that is what they say, and users can mount FUSE. */
static __always_inline bool is_roots(struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);

	return BPF_CORE_READ(inode, i_uid.val) == 0 && !(BPF_CORE_READ(inode, i_mode) & 022) &&
	       served_by(number_of(file)) == SERVED_BY_NOBODY;
}

/* Processes that found no room in process_fits: they fulfil no narrowing. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} fits_lost SEC(".maps");

static __always_inline void keep_fit(const struct fit_key *id, const struct process_fit *fit)
{
	u32 zero = 0;
	u64 *lost;

	if (!bpf_map_update_elem(&process_fits, id, fit, BPF_ANY))
		return;
	lost = bpf_map_lookup_elem(&fits_lost, &zero);
	if (lost)
		__sync_fetch_and_add(lost, 1);
}

/* What the program at a path fulfils; `size` bytes of text of the slot are the path, from its end. */
static __always_inline struct fulfils *program_at(struct file *file, struct scratch *s, u32 size, u32 walked)
{
	struct program_key *key;
	u32 zero = 0;

	if (walked & (FILE_UNREACHABLE | FILE_PATH_TRUNCATED) || size >= sizeof(key->path) || !is_roots(file))
		return NULL;
	key = bpf_map_lookup_elem(&program_keys, &zero);
	if (!key)
		return NULL;
	__builtin_memset(key, 0, sizeof(*key));
	size = BOUND(size, sizeof(key->path) - 1);
	bpf_probe_read_kernel(key->path, size, s->text);
	key->prefix = sizeof(key->path) * 8;
	return bpf_map_lookup_elem(&program_fits, key);
}

/*
 * The current process has just started the program whose struct file * is `number`; its step was noted before. `size` bytes of the
 * record's text are the program's path. Not static: see packet.h.
 */
__noinline int note_program(u64 number, u32 size, u32 walked)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct scratch *s = scratch_at(SLOT_TRACEPOINT);
	struct file *file = (void *)number;
	struct process_fit fit = {}, *before;
	struct fulfils *fulfilled;
	struct fit_key id;
	u32 mount_ns;
	u64 any = 0;

	if (!s || !is_narrowed())
		return 0;
	id = id_of(task);
	fit.exec_id = BPF_CORE_READ(task, self_exec_id);
	fulfilled = program_at(file, s, size, walked);
	mount_ns = mount_ns_of(file);
	before = bpf_map_lookup_elem(&process_fits, &id);
	for (u32 slot = 0; slot < 2; slot++) {
		struct narrowings *own = narrowings_at(slot);
		u64 bits;
		if (!own || !own->tag)
			continue;
		bits = own->any_program;
		if (fulfilled && mount_ns &&
		    (mount_ns == own->mount_ns[0] || mount_ns == own->mount_ns[1] || mount_ns == first_mount_ns))
			bits |= fulfilled->bits[slot];
		fit.tags[slot] = own->tag;
		if (before && before->tags[slot] == own->tag)
			fit.steps[slot] = before->steps[slot];
		fit.bits[slot] = bits & (own->any_step | fit.steps[slot]);
		any |= fit.bits[slot] | fit.steps[slot];
	}
	/* When there is no room for the new one, the old one must not stay. */
	bpf_map_delete_elem(&process_fits, &id);
	if (any)
		keep_fit(&id, &fit);
	return 0;
}

/* The child runs its maker's program, in its step. */
static __always_inline void inherit_program(struct task_struct *parent, struct task_struct *child)
{
	struct fit_key id, made;
	struct process_fit *fit;

	if (!is_narrowed())
		return;
	id = id_of(parent);
	made = id_of(child);
	fit = bpf_map_lookup_elem(&process_fits, &id);
	if (fit)
		keep_fit(&made, fit);
}

static __always_inline void forget_program(struct task_struct *task)
{
	struct fit_key id;

	if (!is_narrowed())
		return;
	id = id_of(task);
	bpf_map_delete_elem(&process_fits, &id);
}
