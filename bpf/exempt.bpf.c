/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * Which processes run an exempt program: those that exec it, by the file's inode, as long as they run it. Not their
 * children, and not a descendant that execs the same program again: a job below an exempt runner does not become
 * the runner by starting its program, with a library of its own in it.
 */
#include "exempt_processes.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct program_key {
	u64 inode;
	u32 device; /* the kernel's dev_t: major << 20 | minor */
	u32 pad;
};

/* The value is a bit of the program's own. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32);
	__type(key, struct program_key);
	__type(value, u32);
} exempt_programs SEC(".maps");

/* Bits of the exempt programs that ancestors of the process run or ran. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, u32);
} exempt_ancestors SEC(".maps");

static __always_inline struct process_id id_of(struct task_struct *leader)
{
	return (struct process_id){ .start = leader->start_boottime, .tgid = leader->tgid };
}

static __always_inline u32 *bit_of(struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct program_key program = {
		.inode = BPF_CORE_READ(inode, i_ino),
		.device = BPF_CORE_READ(inode, i_sb, s_dev),
	};
	return bpf_map_lookup_elem(&exempt_programs, &program);
}

SEC("tp_btf/sched_process_exec")
int exempt_exec(u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	struct linux_binprm *bprm = (void *)ctx[2];
	struct process_id process = id_of(task->group_leader);
	u32 *bit = bit_of(BPF_CORE_READ(bprm, file));
	u32 *ancestors;

	if (bit) {
		ancestors = bpf_task_storage_get(&exempt_ancestors, task->group_leader, 0, 0);
		if (!ancestors || !(*ancestors & *bit)) {
			u32 own = *bit;
			bpf_map_update_elem(&exempt_processes, &process, &own, BPF_ANY);
			return 0;
		}
	}
	bpf_map_delete_elem(&exempt_processes, &process);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int exempt_fork(u64 *ctx)
{
	struct task_struct *parent = (void *)ctx[0];
	struct task_struct *child = (void *)ctx[1];
	struct process_id process = id_of(parent->group_leader);
	u32 *own, *above, *below, bits;

	if (child->pid != child->tgid)
		return 0;
	own = bpf_map_lookup_elem(&exempt_processes, &process);
	above = bpf_task_storage_get(&exempt_ancestors, parent->group_leader, 0, 0);
	bits = (own ? *own : 0) | (above ? *above : 0);
	if (!bits)
		return 0;
	below = bpf_task_storage_get(&exempt_ancestors, child, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (below)
		*below = bits;
	return 0;
}

SEC("tp_btf/sched_process_exit")
int exempt_exit(u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	struct process_id process = id_of(task);

	if (task->pid == task->tgid)
		bpf_map_delete_elem(&exempt_processes, &process);
	return 0;
}

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct bpf_iter__task {
	struct task_struct *task;
};
#pragma clang attribute pop

/* More generations than a runner has between itself and what it runs. */
#define GENERATIONS 32

/* What runs already: the same, by the programs that processes and their living ancestors run now. */
SEC("iter/task")
int exempt_running(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task, *above;
	struct process_id process = {};
	u32 *bit, *below, bits = 0, own;

	if (!task || task->pid != task->tgid)
		return 0;
	above = task;
	for (int i = 0; i < GENERATIONS; i++) {
		above = BPF_CORE_READ(above, real_parent, group_leader);
		if (!above || BPF_CORE_READ(above, tgid) <= 1)
			break;
		bit = bit_of(BPF_CORE_READ(above, mm, exe_file));
		if (bit)
			bits |= *bit;
	}
	if (bits) {
		below = bpf_task_storage_get(&exempt_ancestors, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
		if (below)
			*below = bits;
	}
	bit = bit_of(BPF_CORE_READ(task, mm, exe_file));
	if (!bit || bits & *bit)
		return 0;
	own = *bit;
	process.start = task->start_boottime;
	process.tgid = task->tgid;
	bpf_map_update_elem(&exempt_processes, &process, &own, BPF_ANY);
	return 0;
}
