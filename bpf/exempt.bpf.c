/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * Which processes are exempt. Those that run an exempt program: that exec it, by the file's inode, as long as they run it.
 * Not their children, and not a descendant that execs the same program again: a job below an exempt runner does not become
 * the runner by starting its program, with a library of its own in it. And those that are named themselves, until they end or
 * exec.
 */
#include "exempt_processes.h"
#include "exempt_sockets.h"

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

enum named_state {
	NAMED_WANTED = 0, /* to be found among the running ones */
	NAMED_FOUND = 1,  /* what it holds is to go on */
	NAMED_KNOWN = 2,  /* exempt, if it has not run another program since */
};

struct named {
	u64 ticks; /* when it started, in clock ticks as /proc/PID/stat has it */
	u32 state;
	u32 pad;
};

/* Processes that are named, by their id. Those that are known stay so: who was exempt once is not made so again. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u32);
	__type(value, struct named);
} named_processes SEC(".maps");

/* 100 in a second on every machine that we run on. */
#define NS_PER_TICK 10000000ull

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

struct bpf_iter__task_file {
	struct task_struct *task;
	struct file *file;
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

/* Which of the running processes are named. A process that has the id of one that has ended is another one. */
SEC("iter/task")
int exempt_named(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct process_id process = {};
	struct named *named;
	u32 tgid, none = 0;

	if (!task || task->pid != task->tgid)
		return 0;
	tgid = task->tgid;
	named = bpf_map_lookup_elem(&named_processes, &tgid);
	if (!named || named->state != NAMED_WANTED || task->start_boottime / NS_PER_TICK != named->ticks)
		return 0;
	process.start = task->start_boottime;
	process.tgid = tgid;
	/* One that runs an exempt program keeps its bit. */
	bpf_map_update_elem(&exempt_processes, &process, &none, BPF_NOEXIST);
	named->state = NAMED_FOUND;
	return 0;
}

#define AF_INET 2
#define AF_INET6 10
#define TCP_LISTEN 10

/* Set before load: nobody was followed before. */
const volatile bool is_first = true;

/*
 * What exempt processes have made and connected before: it goes on. Not what listens: who connects to it later is under the
 * policy, as it would be if it had come to listen then. Marks that are there are of who used the socket since.
 * Where others were followed before, all that these made is marked, and what they were handed is not theirs.
 */
SEC("iter/task_file")
int exempt_held(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct process_id process = {};
	struct socket *socket;
	struct named *named;
	struct sock *sk;
	u16 family;
	u32 tgid;
	u8 *mark;

	if (!task || !file)
		return 0;
	process.start = BPF_CORE_READ(task, group_leader, start_boottime);
	process.tgid = tgid = task->tgid;
	if (!bpf_map_lookup_elem(&exempt_processes, &process))
		return 0;
	if (!is_first) {
		named = bpf_map_lookup_elem(&named_processes, &tgid);
		if (!named || named->state != NAMED_FOUND)
			return 0;
	}
	socket = bpf_sock_from_file(file);
	sk = socket ? socket->sk : NULL;
	family = sk ? sk->__sk_common.skc_family : 0;
	if ((family != AF_INET && family != AF_INET6) || sk->__sk_common.skc_state == TCP_LISTEN ||
	    bpf_sk_storage_get(&exempt_sockets, sk, 0, 0))
		return 0;
	mark = bpf_sk_storage_get(&exempt_sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (mark)
		*mark = true;
	return 0;
}
