/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* Whose act it is: the scope that this load of the object watches, and the header of each record. */
#pragma once

#include "kernel.h"
#include "record.h"

/* The scope's cgroup: its id (inode number) and its depth below the root. Set before load. */
const volatile u64 scope_cgid = 0;
const volatile u32 scope_level = 0;

/* The agent's own cgroup, where it is inside of the scope: else it would tell what it does to tell. 0: it is not. */
const volatile u64 agent_cgid = 0;

/* Whether the current task is in the scope. Descends from it: the ancestor at the scope's depth is the scope. */
static __always_inline bool in_scope(void)
{
	if (bpf_get_current_ancestor_cgroup_id(scope_level) != scope_cgid)
		return false;
	return !agent_cgid || bpf_get_current_cgroup_id() != agent_cgid;
}

/* The cgroup at the scope's depth above (or at) this one is the scope. */
static __always_inline bool cgroup_in_scope(struct cgroup *cgroup)
{
	struct cgroup *ancestor = 0;
	if (BPF_CORE_READ(cgroup, level) < (int)scope_level || (agent_cgid && BPF_CORE_READ(cgroup, kn, id) == agent_cgid))
		return false;
	bpf_probe_read_kernel(&ancestor, sizeof(ancestor),
			      (void *)cgroup + bpf_core_field_offset(struct cgroup, ancestors) + 8 * (u64)(scope_level & 255));
	return BPF_CORE_READ(ancestor, kn, id) == scope_cgid;
}

/* A thread that has ended stays for this where it was: a process whose leader has may be elsewhere. */
static __always_inline bool task_in_scope(struct task_struct *task)
{
	return cgroup_in_scope(BPF_CORE_READ(task, cgroups, dfl_cgrp));
}

/* Fills a header for `task`'s process. */
static __always_inline void describe_process(struct record_header *header, struct task_struct *task, u16 kind, u16 flags,
					     u32 size)
{
	header->kind = kind;
	header->flags = flags;
	header->size = size;
	header->time = bpf_ktime_get_boot_ns();
	header->start = BPF_CORE_READ(task, group_leader, start_boottime);
	header->tgid = BPF_CORE_READ(task, tgid);
	header->uid = BPF_CORE_READ(task, cred, euid.val);
}

/* The same for the process that runs now. */
static __always_inline void describe_current(struct record_header *header, u16 kind, u16 flags, u32 size)
{
	describe_process(header, (struct task_struct *)bpf_get_current_task(), kind, flags, size);
}
