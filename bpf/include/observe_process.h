/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* Processes: exec, fork, exit, and whether one leaves the scope. */
#pragma once

#include "by_action.h"
#include "changed_at.h"
#include "container.h"
#include "netns.h"
#include "note_step.h"
#include "process.h"
#include "rings.h"
#include "path.h"
#include "served.h"
#include "stdio.h"
#include "steps.h"

/*
 * Block mode: what leaves the scope is ended. Who moves itself, before its next instruction; who was moved or born
 * outside, at the end of its next system call: a socket of the scope stays under the policy, and a new one is refused (leaver_socket).
 */
const volatile bool ends_leavers = false;
/* Some have left: who has is worth a look. */
u32 leavers;

/* Processes with several threads that have been told to have ended: on older kernels two threads can see the end. */
struct process_key {
	u64 start;
	u32 tgid;
	u32 unused;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct process_key);
	__type(value, u8);
} ended SEC(".maps");

static __always_inline u32 append_argv(struct scratch *s, u32 offset, struct mm_struct *mm, u16 *flags)
{
	u64 start = BPF_CORE_READ(mm, arg_start);
	u64 size = BPF_CORE_READ(mm, arg_end) - start;
	if (size > ARGV_MAX_KEPT) {
		size = ARGV_MAX_KEPT;
		*flags |= EXEC_ARGV_TRUNCATED;
	}
	u32 bounded = BOUND((u32)size, 2 * ARGV_MAX_KEPT - 1);
	if (bounded > ARGV_MAX_KEPT)
		return offset;
	if (bpf_probe_read_user(text_at(s, offset), bounded, (void *)start)) {
		*flags |= EXEC_ARGV_UNREADABLE | EXEC_ARGV_TRUNCATED;
		return offset;
	}
	return offset + bounded;
}

struct program_file {
	u64 inode;
	u64 changed;
	u32 device;
	u32 unused;
};

/* Programs that were started before, as they are now. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct program_file);
	__type(value, u8);
} started_files SEC(".maps");

/*
 * What is started for the first time the reader has to open while it is there. Nothing is to be done at once about the start
 * of a program that is known.
 */
static __always_inline bool is_new_program(const struct exec_record *record, u16 flags)
{
	struct program_file file = { .inode = record->inode, .changed = record->changed, .device = record->device };
	u8 one = 1;

	if (flags & (EXEC_MEMFD | EXEC_DELETED))
		return true;
	if (bpf_map_lookup_elem(&started_files, &file))
		return false;
	bpf_map_update_elem(&started_files, &file, &one, BPF_ANY);
	return true;
}

/* What the record of a start has of objects: `end` is where its text ends. Not static: see packet.h. */
__noinline int send_exec(u64 number, u32 end, u32 flags)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct file *file = (void *)number;
	struct scratch *s = scratch_at(SLOT_TRACEPOINT);
	if (!s || !file)
		return 0;
	struct exec_record *record = &s->record.exec;
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	record->stdio = current_stdio();
	record->ends[0] = end_at(0);
	record->ends[1] = end_at(1);
	record->inode = BPF_CORE_READ(inode, i_ino);
	record->device = BPF_CORE_READ(inode, i_sb, s_dev);
	record->changed = changed_at(inode);
	record->served = served_by(number);
	struct task_struct *parent = BPF_CORE_READ(task, group_leader, real_parent, group_leader);
	record->parent_tgid = BPF_CORE_READ(parent, tgid);
	record->parent_start = BPF_CORE_READ(parent, start_boottime);
	u32 size = record_size(end);
	describe_process(&record->header, task, RECORD_EXEC, flags, size);
	bool is_new = is_new_program(record, flags);
	output_urgent(&s->record, size, RECORD_EXEC, is_new ? wake_now() : wake_if(fills_up_urgent()));
	return 0;
}

/* The current process has begun to run the program whose struct file * is `number`. Not static: see packet.h. */
__noinline int tell_exec(u64 number, u32 step)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct file *file = (void *)number;
	struct scratch *s = scratch_at(SLOT_TRACEPOINT);
	if (!s || !file)
		return 0;
	struct exec_record *record = &s->record.exec;
	clear_record(s);
	record->step = step;
	u16 flags = 0;
	u32 walked = 0;
	struct place exe = place_of_file(file);
	u32 end = append_path(SLOT_TRACEPOINT, 0, PATH_MAX_KEPT, exe, &walked);
	record->exe_size = end;
	u32 exe_end = end;
	note_program(number, end, walked);
	u32 name[2] = {};
	struct qstr last;
	struct dentry *leaf = exe.dentry;
	bpf_core_read(&last, sizeof(last), &leaf->d_name);
	bpf_probe_read_kernel(name, 6, last.name);
	/* "memf" "d:": the name of an anonymous memory file, which is on a mount that no namespace has. */
	if ((walked & FILE_UNREACHABLE || end <= last.len + 1) && name[0] == 0x666d656d && name[1] == 0x3a64)
		flags |= EXEC_MEMFD;
	if (!BPF_CORE_READ(leaf, d_hash.pprev))
		flags |= EXEC_DELETED;
	end = append_path(SLOT_TRACEPOINT, end, PATH_MAX_KEPT, directory_of(task, -100), &walked);
	record->cwd_size = end - exe_end;
	if (walked & FILE_PATH_TRUNCATED)
		flags |= EXEC_PATH_TRUNCATED;
	u32 cwd_end = end;
	end = append_argv(s, end, BPF_CORE_READ(task, mm), &flags);
	record->argv_size = end - cwd_end;
	return send_exec(number, end, flags);
}

/* Each program that a process starts is counted, and it begins with its maker's count. */
static __always_inline bool is_first_program(struct task_struct *task)
{
	return BPF_CORE_READ(task, self_exec_id) == BPF_CORE_READ(task, parent_exec_id) + 1;
}

static __always_inline void mark_leaver(struct task_struct *leader)
{
	struct member *member = make_member(leader);
	if (!member || !ends_leavers)
		return;
	member->state = LEAVER;
	leavers = 1;
}

/*
 * Whether the process that runs now is to be ended. The mark is its leader's. A thread that takes the leader's place by exec has none,
 * but it is a member, and not in the scope.
 */
static __always_inline bool is_leaver(void)
{
	if (!leavers)
		return false;
	struct member *member = member_of(bpf_get_current_task_btf());
	return member && (member->state == LEAVER || (member->state == MEMBER && !in_scope()));
}

SEC("tp_btf/sched_process_exec")
int process_exec(u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	struct linux_binprm *bprm = (void *)ctx[2];
	if (!in_scope()) {
		if (is_leaver()) {
			mark_leaver(task->group_leader);
			bpf_send_signal(9);
		}
		return 0;
	}
	struct member *member = make_member(task->group_leader);
	u32 step = 0;
	bool root = false;
	bool first = !started;
	started = 1;
	if (first)
		note_first(bprm->file);
	if (member) {
		member->state = MEMBER;
		if (member->role == ROLE_NONE && is_put_into_container(task)) {
			member->role = ROLE_CONTAINED;
			member->step = number_step();
			tell_contained(task, member->step);
		}
		step = member->step;
		if ((member->role == ROLE_NONE || member->role == ROLE_CONTAINED) && is_called_worker(bprm->file)) {
			bool contained = member->role == ROLE_CONTAINED;

			member->role = ROLE_WORKER;
			member->known = !contained && is_known_file(bprm->file, first);
			tell_worker(task, bprm->file, (first ? STEP_FIRST : 0) | (contained ? STEP_CONTAINED : 0));
		}
		/* One whose first program began while no sensor was there could give its next one any environment. */
		root = member->role == ROLE_ROOT && is_first_program(task);
		if (member->role == ROLE_ROOT)
			member->role = ROLE_INSIDE;
		if (root)
			tell_step(task, step);
		note_action(task, member, bprm->file, root);
	}
	note_step(member ? member->role : ROLE_UNKNOWN, member && member->known, root);
	tell_exec(number_of(bprm->file), step);
	if (enters_container(task, member))
		tell_container();
	await_service(task);
	return 0;
}

/* Namespaces that the child has and the parent has not, as CLONE_NEW* bits: what clone made, from the objects. */
static __always_inline u64 new_namespaces(struct task_struct *parent, struct task_struct *child)
{
	u64 made = 0;
	struct nsproxy *a = BPF_CORE_READ(parent, nsproxy);
	struct nsproxy *b = BPF_CORE_READ(child, nsproxy);
	if (BPF_CORE_READ(parent, cred, user_ns) != BPF_CORE_READ(child, cred, user_ns))
		made |= 0x10000000; /* CLONE_NEWUSER */
	if (a == b)
		return made;
	if (BPF_CORE_READ(a, mnt_ns) != BPF_CORE_READ(b, mnt_ns))
		made |= 0x00020000;
	if (BPF_CORE_READ(a, cgroup_ns) != BPF_CORE_READ(b, cgroup_ns))
		made |= 0x02000000;
	if (BPF_CORE_READ(a, uts_ns) != BPF_CORE_READ(b, uts_ns))
		made |= 0x04000000;
	if (BPF_CORE_READ(a, ipc_ns) != BPF_CORE_READ(b, ipc_ns))
		made |= 0x08000000;
	if (BPF_CORE_READ(a, pid_ns_for_children) != BPF_CORE_READ(b, pid_ns_for_children))
		made |= 0x20000000;
	if (BPF_CORE_READ(a, net_ns) != BPF_CORE_READ(b, net_ns))
		made |= 0x40000000;
	return made;
}

/*
 * The machine's service manager, or its child before that becomes another program: it starts what belongs to the agent's
 * unit in the unit's cgroup, which is in the scope where this is the whole machine.
 */
static __always_inline bool serves_agent(struct task_struct *task)
{
	struct task_struct *leader = READ(struct task_struct, task, group_leader);
	struct task_struct *parent = BPF_CORE_READ(leader, real_parent);

	if (!agent_cgid)
		return false;
	if (READ(struct task_struct, leader, tgid) == 1)
		return true;
	return BPF_CORE_READ(parent, tgid) == 1 &&
	       BPF_CORE_READ(leader, mm, exe_file, f_inode) == BPF_CORE_READ(parent, mm, exe_file, f_inode);
}

/* `actor` has brought `leader` out of the scope; path: where to, 0 when it was born there. */
static __always_inline void tell_left(struct task_struct *actor, struct task_struct *leader, const char *path)
{
	struct scratch *s = scratch_at(SLOT_TRACEPOINT);
	if (!s)
		return;
	clear_record(s);
	struct sandbox_record *record = &s->record.sandbox;
	long size = path ? bpf_probe_read_kernel_str(s->text, PATH_MAX_KEPT, path) : 0;
	u32 used = size > 0 ? size - 1 : 0;
	record->size[1] = used;
	record->change = SANDBOX_CGROUP_LEFT;
	record->target = leader->tgid;
	u32 total = record_size(used);
	describe_process(&record->header, actor, RECORD_SANDBOX, 0, total);
	send_urgent(&s->record, total, RECORD_SANDBOX);
	/* Only the task that runs now can be sent one from here: it is whoever did it, or moved itself. */
	if (ends_leavers && (u64)actor == bpf_get_current_task())
		bpf_send_signal(9);
}

SEC("tp_btf/sched_process_fork")
int process_fork(u64 *ctx)
{
	struct task_struct *parent = (void *)ctx[0];
	struct task_struct *child = (void *)ctx[1];
	if (child->pid != child->tgid) {
		inherit_thread(parent, child);
		return 0;
	}
	bool left = is_leaver();
	u32 step = inherit_step(parent, child);
	inherit_program(parent, child);
	if (!left && !in_scope())
		return 0;
	struct fork_record record = { .step = step };
	describe_process(&record.header, parent, RECORD_FORK, 0, sizeof(record));
	record.child_start = child->start_boottime;
	record.child_tgid = child->tgid;
	send_bulk(&record, sizeof(record), RECORD_FORK);
	if (!task_in_scope(child)) {
		if (!left && serves_agent(parent))
			return 0;
		tell_left(parent, child, 0);
		mark_leaver(child);
		return 0;
	}
	make_member(child);
	u64 made = new_namespaces(parent, child);
	if (made) {
		struct sandbox_record change = {
			.change = SANDBOX_CLONE, .args = { made }, .target = child->tgid, .result = child->tgid,
		};
		describe_process(&change.header, parent, RECORD_SANDBOX, 0, sizeof(change));
		send_urgent(&change, sizeof(change), RECORD_SANDBOX);
	}
	return 0;
}

SEC("tp_btf/sched_process_exit")
int process_exit(u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	struct signal_struct *signal = READ(struct task_struct, task, signal);
	int live = READ(struct signal_struct, signal, live.counter);
	if (!live) {
		forget_program(task);
		end_action(task);
	}
	/* `live` has been counted down for this thread: 0 is the last one's. */
	if (live || !in_scope())
		return 0;
	struct exit_record record = {};
	describe_process(&record.header, task, RECORD_EXIT, 0, sizeof(record));
	/* Whoever tells it first does so while the other is still among the threads. */
	struct process_key key = { .start = record.header.start, .tgid = record.header.tgid };
	if (READ(struct signal_struct, signal, nr_threads) > 1) {
		u8 one = 1;
		if (bpf_map_update_elem(&ended, &key, &one, BPF_NOEXIST) == -17 /* EEXIST */)
			return 0;
	} else if (bpf_map_lookup_elem(&ended, &key)) {
		return 0;
	}
	/* As wait(2) tells it: SIGNAL_GROUP_EXIT, else what the leader ended with. */
	record.status = READ(struct signal_struct, signal, flags) & 4 ?
				READ(struct signal_struct, signal, group_exit_code) :
				BPF_CORE_READ(task, group_leader, exit_code);
	send_bulk(&record, sizeof(record), RECORD_EXIT);
	return 0;
}

/*
 * A process that was in the scope is in it no more: as where it was brought to says, for a leader that has ended stays where it was.
 * In every hierarchy this is called; only the scope's counts.
 */
SEC("tp_btf/cgroup_attach_task")
int process_moved(u64 *ctx)
{
	struct cgroup *cgroup = (void *)ctx[0];
	const char *path = (void *)ctx[1];
	struct task_struct *task = (void *)ctx[2];
	struct task_struct *leader = task->group_leader;
	struct member *member, *actor;
	if (BPF_CORE_READ(cgroup, root, hierarchy_id))
		return 0;
	if (cgroup_in_scope(cgroup)) {
		member = make_member(leader);
		if (member)
			member->state = MEMBER;
		return 0;
	}
	member = bpf_task_storage_get(&members, leader, 0, 0);
	/* Each of its threads comes here. */
	if (!member || member->state != MEMBER)
		return 0;
	if (serves_agent(task)) {
		member->state = LEFT;
		return 0;
	}
	struct task_struct *current = bpf_get_current_task_btf();
	actor = member_of(current);
	/* Moved from outside (the agent, a service manager): it is told of the one moved. */
	tell_left(actor && actor->state != LEFT ? current : task, leader, path);
	if (ends_leavers)
		mark_leaver(leader);
	else
		member->state = LEFT;
	return 0;
}

/*
 * The last call of one that is to be ended could make a socket of no scope for others: for those who have its table of files, too. A ring's
 * own thread makes no call at all.
 */
SEC("fmod_ret/security_socket_create")
int leaver_socket(u64 *ctx)
{
	if (!is_leaver())
		return 0;
	bpf_send_signal(9);
	return -1; /* EPERM */
}
