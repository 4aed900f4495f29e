/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * Policy lines that are narrowed to programs and steps. What a process fulfils is noted at its exec and handed to its
 * children by observe.bpf.c; where a destination is decided it is only looked up, and only when a narrowed line names the
 * destination.
 *
 * A policy's narrowings are numbered. The number carries a tag of their whole list: what one policy's entries say is
 * never read as another's, while one follows the other.
 */
#pragma once

#include "kernel.h"

#define NARROWINGS 64

/* A narrowing's number is tag << 6 | bit; 0: not narrowed. */
#define NARROWING_BIT(narrowing) ((narrowing) & (NARROWINGS - 1))
#define NARROWING_TAG(narrowing) ((narrowing) >> 6)

/* One policy's narrowings. */
struct narrowings {
	u32 tag;	 /* of their list; 0: there are none */
	u32 by_step;	 /* some name steps */
	u32 mount_ns[2]; /* inode numbers of the mount namespaces whose paths count */
	u64 any_program; /* bits of those that name no program */
	u64 any_step;	 /* of those that name no step */
	u64 no_step;	 /* of those that name the step of what is in none */
};

/* Which narrowings a program or a step fulfils, of two policies. */
struct fulfils {
	u64 bits[2];
};

struct process_fit {
	u64 exec_id; /* the task's self_exec_id: when it differs, another program was started unseen */
	u32 tags[2];
	u64 bits[2];
	u64 steps[2]; /* what its step alone fulfils */
};

struct fit_key {
	u64 start;
	u32 tgid;
	u32 unused;
};

/* A step's id, zeros behind. */
#define STEP_ID 128
struct step_key {
	char id[STEP_ID];
};

/* A path from its end to its beginning, each part with a NUL behind it; zeros behind. */
struct program_key {
	u32 prefix; /* bits */
	char path[256];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, u32);
	__type(value, struct narrowings);
} narrowings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct program_key);
	__type(value, struct fulfils);
} program_fits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct step_key);
	__type(value, struct fulfils);
} step_fits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 17);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct fit_key);
	__type(value, struct process_fit);
} process_fits SEC(".maps");

/* Whose act it is. */
struct owner {
	u64 start;
	u32 tgid;
	u32 uid;
};

/*
 * Whether the process fulfils a narrowing. One that is not known fulfils none. `calls`: it is the current task's. Not
 * static: see packet.h.
 */
__noinline int fulfils_narrowing(const struct owner *owner, bool calls, u32 narrowing)
{
	struct process_fit *fit;
	struct fit_key id = {};
	u64 bits = 0;

	if (!owner)
		return false;
	id.start = owner->start;
	id.tgid = owner->tgid;
	fit = bpf_map_lookup_elem(&process_fits, &id);
	if (!fit)
		return false;
	if (calls) {
		struct task_struct *task = (struct task_struct *)bpf_get_current_task();
		if (BPF_CORE_READ(task, self_exec_id) != fit->exec_id)
			return false;
	}
	if (fit->tags[0] == NARROWING_TAG(narrowing))
		bits = fit->bits[0];
	else if (fit->tags[1] == NARROWING_TAG(narrowing))
		bits = fit->bits[1];
	return bits >> NARROWING_BIT(narrowing) & 1;
}
