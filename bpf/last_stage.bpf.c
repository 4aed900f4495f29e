/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * The last stage of the action tells what the job did, and fails it. When it ends well and has not asked the agent for the report,
 * the runner's worker is ended before it learns so: whether the agent sees it, is stopped, or is there at all.
 */
#include "job_worker.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* An interpreter of the runner's node, with an argument, comes before it. */
#define ARGUMENTS 5
/* More variables than any runner gives a step. */
#define VARIABLES (1 << 18)

enum wanted {
	WANTED_SCRIPT = 1, /* of the stage */
	WANTED_ACTION = 2, /* GITHUB_ACTION=… of the action's steps: the job may have another one of the same action */
};

/* Set before it is attached. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2);
	__type(key, struct word);
	__type(value, u32);
} wanted_words SEC(".maps");

struct last_stage {
	u64 silent;
	struct process_id process, worker;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct last_stage);
} last_stage SEC(".maps");

/* The agent was asked for the report, and says so here. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} report_asked SEC(".maps");

static __always_inline struct last_stage *stage(void)
{
	u32 first = 0;

	return bpf_map_lookup_elem(&last_stage, &first);
}

static __always_inline bool was_asked(void)
{
	u32 first = 0, *asked = bpf_map_lookup_elem(&report_asked, &first);

	return asked && *asked;
}

static __always_inline bool is_same(const struct process_id *one, const struct process_id *other)
{
	return one->tgid == other->tgid && one->start == other->start;
}

static __always_inline bool is_wanted(struct word *word, u32 what)
{
	u32 *found = word ? bpf_map_lookup_elem(&wanted_words, word) : NULL;

	return found && *found == what;
}

static __always_inline bool runs_script(struct task_struct *task)
{
	unsigned long at = BPF_CORE_READ(task, mm, arg_start);

	for (int i = 0; i < ARGUMENTS; i++) {
		long size;
		struct word *word = word_at(at, &size);

		if (!word)
			return false;
		if (is_wanted(word, WANTED_SCRIPT))
			return true;
		at += size;
	}
	return false;
}

struct variables {
	u64 at, end;
	bool is_ours;
};

static long look_at_variable(u32 index, struct variables *variables)
{
	long size;
	struct word *word = variables->at < variables->end ? word_at(variables->at, &size) : NULL;

	if (!word)
		return 1;
	variables->is_ours = is_wanted(word, WANTED_ACTION);
	variables->at += size;
	return variables->is_ours;
}

static __always_inline bool is_of_action(struct task_struct *task)
{
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	struct variables variables = { .at = BPF_CORE_READ(mm, env_start), .end = BPF_CORE_READ(mm, env_end) };

	bpf_loop(VARIABLES, look_at_variable, &variables, 0);
	return variables.is_ours;
}

SEC("tp_btf/sched_process_exec")
int last_stage_begins(u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	struct last_stage *known = stage();

	if (!known || !is_started_by_worker(task) || !runs_script(task) || !is_of_action(task))
		return 0;
	known->process = process_of(task);
	known->worker = process_of(task->group_leader->real_parent);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int last_stage_ends(u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	struct signal_struct *signal = task->signal;
	struct last_stage *known = stage();
	struct process_id process;

	/* It has been counted down for this thread: 0 is the last one's. */
	if (!known || signal->live.counter || was_asked())
		return 0;
	process = process_of(task);
	/* As wait(2) tells it: SIGNAL_GROUP_EXIT, else what the leader ended with. One that fails, fails the job. */
	if (is_same(&process, &known->process) &&
	    !(signal->flags & 4 ? signal->group_exit_code : task->group_leader->exit_code))
		known->silent = 1;
	return 0;
}

/* Only who waits for a process learns how it ended, and this comes before. */
SEC("tp_btf/sched_process_wait")
int last_stage_waited(u64 *ctx)
{
	struct last_stage *known = stage();
	struct process_id process;

	if (!known || !known->silent)
		return 0;
	process = process_of(bpf_get_current_task_btf());
	if (is_same(&process, &known->worker))
		bpf_send_signal(SIGNAL_KILL);
	return 0;
}
