/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* The worker of a job, and what a process that it starts runs. */
#pragma once

#include "exempt_processes.h"
#include "members.h"

#define SIGNAL_KILL 9
/* Of one argument or variable, with its NUL. */
#define WORD_BYTES 512

struct word {
	char text[WORD_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct word);
} read_words SEC(".maps");

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct task_struct___execs {
	u64 self_exec_id;
	u64 parent_exec_id;
};
#pragma clang attribute pop

static __always_inline struct process_id process_of(struct task_struct *task)
{
	struct process_id process = {
		.start = BPF_CORE_READ(task, group_leader, start_boottime),
		.tgid = BPF_CORE_READ(task, tgid),
	};
	return process;
}

/* Programs that a process, and who made it, have run by now. */
static __always_inline u64 programs_since(struct task_struct *task)
{
	struct task_struct___execs *execs = (void *)BPF_CORE_READ(task, group_leader);

	return BPF_CORE_READ(execs, self_exec_id) - BPF_CORE_READ(execs, parent_exec_id);
}

static __always_inline bool is_exempt(struct task_struct *task)
{
	struct process_id process = process_of(task);

	return bpf_map_lookup_elem(&exempt_processes, &process);
}

/* The job's own: a program of this name that somebody else runs is not exempt. */
static __always_inline bool is_worker(struct task_struct *task)
{
	struct member *member = bpf_task_storage_get(&members, task, 0, 0);

	return member && member->role == ROLE_WORKER && is_exempt(task);
}

/* The first program of the worker's child: only the worker has had a say in its arguments and environment. */
static __always_inline bool is_started_by_worker(struct task_struct *task)
{
	return programs_since(task) == 1 && is_worker(task->group_leader->real_parent->group_leader);
}

/* What stands at an address of the process's own memory, zeroes behind its end. NULL: nothing can be read there. */
static __always_inline struct word *word_at(unsigned long at, long *size)
{
	u32 first = 0;
	struct word *word = bpf_map_lookup_elem(&read_words, &first);

	if (!word)
		return NULL;
	__builtin_memset(word, 0, sizeof(*word));
	*size = bpf_probe_read_user_str(word->text, WORD_BYTES, (void *)at);
	return *size > 0 ? word : NULL;
}
