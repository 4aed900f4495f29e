/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * Which of the programs called Runner.Worker is the runner's: only its children are roots of steps that policy lines are
 * narrowed to. The rule is that of packages/agent/src/steps.ts.
 */
#pragma once

#include "narrowed.h"

enum worker_rule {
	WORKER_FIRST = 0, /* the scope's first program */
	WORKER_FILE = 1,  /* this file */
	WORKER_TOLD = 2,  /* those that user space has put into known_workers */
};

/* Set before load. */
const volatile u32 worker_rule = WORKER_FIRST;
const volatile u64 worker_inode = 0;
const volatile u32 worker_device = 0;

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 256);
	__type(key, struct fit_key);
	__type(value, u32);
} known_workers SEC(".maps");

static __always_inline struct fit_key id_of(struct task_struct *task)
{
	struct fit_key id = {
		.start = BPF_CORE_READ(task, group_leader, start_boottime),
		.tgid = BPF_CORE_READ(task, tgid),
	};
	return id;
}

/* Of a worker that has just been started. */
static __always_inline bool is_known_file(struct file *file, bool first)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);

	if (worker_rule == WORKER_FIRST)
		return first;
	return worker_rule == WORKER_FILE && BPF_CORE_READ(inode, i_ino) == worker_inode &&
	       BPF_CORE_READ(inode, i_sb, s_dev) == worker_device;
}

/* Of a worker that makes a child. */
static __always_inline bool was_told(struct task_struct *worker)
{
	struct fit_key id;

	if (worker_rule != WORKER_TOLD)
		return false;
	id = id_of(worker);
	return bpf_map_lookup_elem(&known_workers, &id);
}
