/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * Which step of a workflow a process belongs to. GitHub's runner starts the root process of each step as a child of its
 * worker; whatever descends from it is in the step, for good: it cannot be in another one, and cannot become a worker.
 * Descent is by who forked (also with CLONE_PARENT), not by who is the parent now. User space decides which of the
 * programs called Runner.Worker is one.
 */
#pragma once

#include "known_worker.h"
#include "members.h"
#include "process.h"
#include "rings.h"
#include "scratch.h"
#include "worker.h"

/* How many steps have begun. Handed over with `members`: what one sensor has numbered is no step of the next one. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} steps_begun SEC(".maps");

static __always_inline u32 number_step(void)
{
	u32 zero = 0, *begun = bpf_map_lookup_elem(&steps_begun, &zero);

	return begun ? __sync_fetch_and_add(begun, 1) + 1 : 0;
}

static __always_inline struct member *member_of(struct task_struct *task)
{
	return bpf_task_storage_get(&members, task->group_leader, 0, 0);
}

static __always_inline struct member *make_member(struct task_struct *leader)
{
	return bpf_task_storage_get(&members, leader, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
}

/*
 * A thread that runs another program takes its leader's place: what is known of the process must be known of it, too, and be it only
 * that it is a member.
 */
static __always_inline void inherit_thread(struct task_struct *parent, struct task_struct *thread)
{
	struct member *from = member_of(parent);
	struct member *to;

	if (!from)
		return;
	to = make_member(thread);
	if (to)
		*to = *from;
	else
		count_lost(RECORD_STEP);
}

/* The child is in its maker's step, wherever the two are. Returns the step. */
static __always_inline u32 inherit_step(struct task_struct *parent, struct task_struct *child)
{
	struct member *from = member_of(parent);
	struct member *to;

	if (!from || from->role == ROLE_NONE)
		return 0;
	to = make_member(child);
	if (!to) {
		count_lost(RECORD_STEP);
		return 0;
	}
	if (from->state == LEFT)
		to->state = LEFT;
	if (from->role == ROLE_WORKER) {
		to->role = ROLE_ROOT;
		to->step = number_step();
		to->known = from->known || was_told(parent);
	} else {
		to->role = from->role == ROLE_CONTAINED ? ROLE_CONTAINED : ROLE_INSIDE;
		to->step = from->step;
	}
	return to->step;
}

/* Of a step that ran before it was watched: behind it the root's process id. Counted numbers stay below. */
#define STEP_RAN_BEFORE 0x80000000u

/*
 * Its link is pinned: from one sensor of the scope to the next, also over an agent's death, what a step's processes fork stays in the
 * step. Where a sensor is at work, it has the first or the last word: a worker's child is then a step's root.
 */
SEC("tp_btf/sched_process_fork")
int steps_kept(u64 *ctx)
{
	struct task_struct *parent = (void *)ctx[0];
	struct task_struct *child = (void *)ctx[1];
	struct member *from = member_of(parent), *to;

	if (!from || from->role == ROLE_NONE)
		return 0;
	to = make_member(child);
	if (!to || to->role != ROLE_NONE)
		return 0;
	if (child->pid != child->tgid) {
		*to = *from;
		return 0;
	}
	if (from->state == LEFT)
		to->state = LEFT;
	to->role = from->role == ROLE_CONTAINED ? ROLE_CONTAINED : ROLE_INSIDE;
	to->step = from->role == ROLE_WORKER ? STEP_RAN_BEFORE | child->tgid : from->step;
	return 0;
}

/* More than the kernel lets arguments and environment be together (three quarters of 8 MiB). */
enum { ENV_CHUNKS = 1536, ENV_CHUNK = 4096 };

struct environment {
	struct task_struct *task;
	u64 start;
	u32 size;
	u32 step;
	u32 args;
};

static __always_inline void describe_parent(struct step_record *record, struct task_struct *task)
{
	struct task_struct *parent = BPF_CORE_READ(task, group_leader, real_parent, group_leader);

	record->parent_tgid = BPF_CORE_READ(parent, tgid);
	record->parent_start = BPF_CORE_READ(parent, start_boottime);
}

/* In the larger ring: an environment may be megabytes. A flood of that one does not hide the step. */
static __always_inline void send_step(void *record, u32 size)
{
	if (bpf_ringbuf_output(&bulk, record, size, BPF_RB_NO_WAKEUP))
		send_urgent(record, size, RECORD_STEP);
}

/* Whether a program has been started in the scope. */
u32 started;

static __always_inline void tell_worker(struct task_struct *task, struct file *file, u16 flags)
{
	struct step_record record = {};
	struct inode *inode = BPF_CORE_READ(file, f_inode);

	record.inode = BPF_CORE_READ(inode, i_ino);
	record.device = BPF_CORE_READ(inode, i_sb, s_dev);
	describe_parent(&record, task);
	describe_process(&record.header, task, RECORD_STEP, STEP_WORKER | flags, sizeof(record));
	send_step(&record, sizeof(record));
}

/* In a mount namespace and a root that its parent has not. One that is about to be nobody's parent has none any more. */
static __always_inline bool has_own_files(struct task_struct *task, struct task_struct *parent)
{
	struct mnt_namespace *own = BPF_CORE_READ(task, nsproxy, mnt_ns), *above = BPF_CORE_READ(parent, nsproxy, mnt_ns);

	return own && above && own != above && BPF_CORE_READ(task, fs, root.dentry) != BPF_CORE_READ(parent, fs, root.dentry);
}

/*
 * The first program of a container, or one that a daemon puts into it (exec): in a pid namespace that its parent is not in, or (that of
 * the machine is shared) with files of its own. Whoever asked the daemon is not among its ancestors; user space looks for that.
 */
static __always_inline bool is_put_into_container(struct task_struct *task)
{
	struct task_struct *parent = BPF_CORE_READ(task, group_leader, real_parent, group_leader);

	return BPF_CORE_READ(task, thread_pid, level) > BPF_CORE_READ(parent, thread_pid, level) || has_own_files(task, parent);
}

static __always_inline void tell_contained(struct task_struct *task, u32 step)
{
	struct step_record record = { .step = step };

	describe_parent(&record, task);
	describe_process(&record.header, task, RECORD_STEP, STEP_CONTAINED, sizeof(record));
	send_step(&record, sizeof(record));
}

static long send_environment(u32 index, struct environment *environment)
{
	struct scratch *s = scratch_at(SLOT_TRACEPOINT);
	u32 offset = index * ENV_CHUNK;

	if (!s || offset > environment->size)
		return 1;
	struct step_record *record = &s->record.step;
	u32 left = environment->size - offset;
	u32 used = BOUND(left < ENV_CHUNK ? left : ENV_CHUNK, 2 * ENV_CHUNK - 1);

	if (used > ENV_CHUNK)
		return 1;
	u16 flags = 0;
	clear_record(s);
	record->step = environment->step;
	record->offset = offset;
	record->total = environment->size;
	record->args = environment->args;
	describe_parent(record, environment->task);
	if (bpf_probe_read_user(s->text, used, (void *)(environment->start + offset)))
		flags |= STEP_UNREADABLE;
	u32 size = record_size(used);
	describe_process(&record->header, environment->task, RECORD_STEP, flags, size);
	send_step(&s->record, size);
	return 0;
}

/* A step begins: its root runs its first program. Arguments and environment, one behind the other, are what the worker gave it. */
static __always_inline void tell_step(struct task_struct *task, u32 step)
{
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	u64 start = BPF_CORE_READ(mm, arg_start);
	u64 size = BPF_CORE_READ(mm, env_end) - start;
	u32 args = BPF_CORE_READ(mm, env_start) - start;
	struct environment environment = { .task = task, .start = start, .step = step, .args = args };

	environment.size = size < ENV_CHUNKS * ENV_CHUNK ? size : ENV_CHUNKS * ENV_CHUNK;
	bpf_loop(environment.size / ENV_CHUNK + 1, send_environment, &environment, 0);
}

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct bpf_iter__task {
	struct task_struct *task;
};
#pragma clang attribute pop

/* The scope was under the policy of an earlier agent, or of another watch of this one. Set before load. */
const volatile bool handed_over = false;
/* More than there are between a runner's worker and what its steps run, as a rule. */
enum { GENERATIONS = 64 };

/*
 * Run once, when all hooks are attached: what runs already, by its living ancestors. The worker is the one furthest up, of those
 * that an earlier agent knew if there are any; the step's root is the one below it. Who an earlier sensor has seen in a step stays
 * in it, whatever it is called and whoever lives above it. Each is a member from here on; who has left meanwhile is let go.
 */
SEC("iter/task")
int steps_running(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task, *above, *below, *root = 0, *worker = 0;
	struct step_record record = {};
	struct member *member;
	bool known = false;
	u16 flags;

	if (!task)
		return 0;
	if (!task_in_scope(task)) {
		member = bpf_task_storage_get(&members, task, 0, 0);
		if (member && member->state == MEMBER)
			member->state = LEFT;
		return 0;
	}
	if (task->pid != task->tgid) {
		inherit_thread(task, task);
		return 0;
	}
	member = make_member(task);
	if (!member) {
		count_lost(RECORD_STEP);
		return 0;
	}
	above = below = task;
	for (int i = 0; i < GENERATIONS; i++) {
		if (!above || BPF_CORE_READ(above, tgid) <= 1)
			break;
		if (is_called_worker(BPF_CORE_READ(above, mm, exe_file))) {
			bool told = was_told(above);
			if (told || !known) {
				worker = above;
				root = below;
			}
			known |= told;
		}
		below = above;
		above = BPF_CORE_READ(above, real_parent, group_leader);
	}
	if (!worker)
		return 0;
	if (worker == task) {
		if (member->role == ROLE_ROOT || member->role == ROLE_INSIDE)
			return 0;
		member->role = ROLE_WORKER;
		flags = STEP_WORKER | STEP_RUNNING | (known ? STEP_KNOWN : 0);
		struct inode *inode = BPF_CORE_READ(task, mm, exe_file, f_inode);
		record.inode = BPF_CORE_READ(inode, i_ino);
		record.device = BPF_CORE_READ(inode, i_sb, s_dev);
	} else {
		if (member->role == ROLE_NONE) {
			member->role = ROLE_INSIDE;
			member->step = STEP_RAN_BEFORE | BPF_CORE_READ(root, tgid);
		}
		/* What a program that only calls itself a worker gave its child says nothing. */
		if (handed_over && !known)
			return 0;
		record.step = member->step;
		record.offset = BPF_CORE_READ(root, tgid);
		flags = STEP_RUNNING;
	}
	describe_parent(&record, task);
	describe_process(&record.header, task, RECORD_STEP, flags, sizeof(record));
	send_step(&record, sizeof(record));
	return 0;
}
