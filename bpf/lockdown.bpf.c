/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * The end of a job whose worker goes on: when it is locked down, every process of its steps is ended, and each one that the
 * worker starts later as soon as it runs its program; but for the post stage of the action that we are, which tells why.
 */
#include "job_worker.h"
#include "process.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Set before load: the scope's cgroup was made for the job, and all in it is the job's. */
const volatile bool is_job_cgroup = false;
/* The agent. */
const volatile int own_tgid = 0;

/* More than there are between the worker and an agent that a stage has started. */
#define GENERATIONS 16

/* 1: locked down, for good; 2: so it was, and an agent is about to take it over. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} lockdown_state SEC(".maps");

/* The script of the stage that is spared, zeroes behind its end. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__type(key, struct word);
	__type(value, u32);
} spared_script SEC(".maps");

/* Processes that run it, and those by which the agent was started. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 256);
	__type(key, struct process_id);
	__type(value, u32);
} spared_processes SEC(".maps");

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};
#pragma clang attribute pop

static __always_inline bool is_locked(void)
{
	u32 first = 0, *state = bpf_map_lookup_elem(&lockdown_state, &first);

	return state && *state == 1;
}

static __always_inline bool is_of_steps(struct member *member)
{
	return is_job_cgroup || (member && member->step);
}

/* A process in the scope that is to end with its job. */
static __always_inline bool is_to_end(struct task_struct *leader)
{
	struct process_id process;

	if (!is_of_steps(bpf_task_storage_get(&members, leader, 0, 0)) || is_exempt(leader))
		return false;
	/* The worker's child that runs no program of its own yet is judged when it does. */
	if (programs_since(leader) == 0 && is_worker(leader->real_parent->group_leader))
		return false;
	process = process_of(leader);
	return !bpf_map_lookup_elem(&spared_processes, &process);
}

/* By its arguments as it was started. */
static __always_inline bool runs_spared(struct task_struct *task)
{
	unsigned long at = BPF_CORE_READ(task, mm, arg_start);
	struct word *word;
	long size;

	if (!is_started_by_worker(task) || !word_at(at, &size) || size >= WORD_BYTES)
		return false;
	word = word_at(at + size, &size);
	return word && bpf_map_lookup_elem(&spared_script, word);
}

SEC("tp_btf/sched_process_exec")
int lockdown_exec(u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	struct process_id process;
	u32 one = 1;

	if (!in_scope() || !is_of_steps(bpf_task_storage_get(&members, task->group_leader, 0, 0)))
		return 0;
	process = process_of(task);
	if (runs_spared(task)) {
		bpf_map_update_elem(&spared_processes, &process, &one, BPF_ANY);
		return 0;
	}
	bpf_map_delete_elem(&spared_processes, &process);
	if (is_locked() && is_to_end(task->group_leader))
		bpf_send_signal(SIGNAL_KILL);
	return 0;
}

/* Attached when the job is locked down: what makes others faster than they can be listed does not make one more. */
SEC("tp_btf/sys_enter")
int lockdown_call(u64 *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (is_locked() && in_scope() && is_to_end(task->group_leader))
		bpf_send_signal(SIGNAL_KILL);
	return 0;
}

/* Who has started the agent is of a step, and is not ended: the stage that asked for it, sudo, who looks after it. */
SEC("iter/task")
int lockdown_ours(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task, *above;
	struct process_id process;
	u32 one = 1;

	if (!task || task->pid != task->tgid || task->tgid != own_tgid)
		return 0;
	above = task;
	for (int i = 0; i < GENERATIONS; i++) {
		if (!above || BPF_CORE_READ(above, tgid) <= 1)
			break;
		process = process_of(above);
		bpf_map_update_elem(&spared_processes, &process, &one, BPF_ANY);
		above = BPF_CORE_READ(above, real_parent, group_leader);
	}
	return 0;
}

/* Writes the ids of those that are to be ended, 4 bytes each. */
SEC("iter/task")
int lockdown_running(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	u32 tgid;

	if (!task || task->pid != task->tgid || !task_in_scope(task) || BPF_CORE_READ(task, signal, live.counter) <= 0)
		return 0;
	if (!is_to_end(task))
		return 0;
	tgid = task->tgid;
	bpf_seq_write(ctx->meta->seq, &tgid, sizeof(tgid));
	return 0;
}
