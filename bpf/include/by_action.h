/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * Actions in JavaScript: the runner starts node as the root of their step, or puts it into the job's container. Only they
 * (and container actions) hold the token by which artifacts are uploaded: every regular file that node itself opens there
 * is told, and user space looks at those that it opens during an upload.
 */
#pragma once

#include "steps.h"

/* Processes alive that run an action: while there is none, an open costs one look at this. */
s32 actions_running;

static __always_inline bool is_called_node(struct file *file)
{
	struct qstr name;
	u32 text = 0;
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);

	bpf_core_read(&name, sizeof(name), &dentry->d_name);
	if (name.len != 4)
		return false;
	bpf_probe_read_kernel(&text, sizeof(text), name.name);
	return text == 0x65646f6e; /* "node" */
}

/* A process of the scope runs another program. root: it is a step's, and this is its first one */
static __always_inline void note_action(struct task_struct *task, struct member *member, struct file *file, bool root)
{
	u32 now = is_called_node(file) && (root || is_put_into_container(task));

	if (now == member->by_action)
		return;
	member->by_action = now;
	__sync_fetch_and_add(&actions_running, now ? 1 : -1);
}

/* Its last thread ends. */
static __always_inline void end_action(struct task_struct *task)
{
	struct member *member;

	if (!actions_running)
		return;
	member = member_of(task);
	if (member && __sync_lock_test_and_set(&member->by_action, 0))
		__sync_fetch_and_add(&actions_running, -1);
}

/* Whether the current process runs an action. */
static __always_inline bool runs_action(void)
{
	struct member *member;

	if (!actions_running)
		return false;
	member = member_of(bpf_get_current_task_btf());
	return member && member->by_action;
}
