/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * T0: one program for the end of every system call. Most calls leave at the first look into the table of numbers;
 * descriptors are looked up to the kernel's file, names are read from user memory and said to be so.
 */
#pragma once

#include "engine_requests.h"
#include "observe_engine.h"
#include "observe_opens.h"
#include "observe_process.h"
#include "observe_sandbox.h"
#include "syscalls.h"

enum { AT_CWD = -100, LIMIT_CORE = 4 };

struct call_context {
	u64 args[5];
	s64 result;
	u32 act;
	u32 unused;
};

/* A call and what it does: too large for the stack that old kernels give to a chain of functions. */
union call_act {
	struct name_act names;
	struct sandbox_act sandbox;
};

struct call_scratch {
	struct call_context call;
	union call_act act;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct call_scratch);
} call_scratch SEC(".maps");

static __always_inline union call_act *new_call_act(void)
{
	u32 zero = 0;
	struct call_scratch *scratch = bpf_map_lookup_elem(&call_scratch, &zero);
	if (!scratch)
		return 0;
	__builtin_memset(&scratch->act, 0, sizeof(scratch->act));
	return &scratch->act;
}

#define ARG(n) (c->args[n])
/* Where a name is relative to nothing: a plain string. */
enum { NO_DIRECTORY = -101 };

/* Which names a call has: looked up once, after the switch. */
struct name_args {
	s32 from_dir;
	s32 to_dir;
	u64 from;
	u64 to;
};

static __always_inline void set_name(struct named *named, struct task_struct *task, s32 dirfd, u64 name)
{
	if (dirfd != NO_DIRECTORY)
		named->base = directory_of(task, dirfd);
	named->name = (void *)name;
}

#define FROM(dirfd, pointer) ({ names.from_dir = (dirfd); names.from = (pointer); })
#define TO(dirfd, pointer) ({ names.to_dir = (dirfd); names.to = (pointer); })

static __always_inline u64 open_flags_of(u32 act, u64 second, u64 third)
{
	u64 flags = 0;
	switch (act) {
	case ACT_OPEN:
		return second;
	case ACT_CREAT:
		return OPEN_TRUNC | 1;
	case ACT_OPENAT2:
		bpf_probe_read_user(&flags, sizeof(flags), (void *)third);
		return flags;
	default:
		return third;
	}
}

/* The kernel's own file behind the descriptor: nothing that the process could say about it counts. */
static __always_inline void on_opened(struct pt_regs *regs, struct call call, struct task_struct *task, s32 fd)
{
	if (opens_by_object)
		return;
	struct file *file = file_of(task, fd);
	if (!file)
		return;
	u64 flags = open_flags_of(call.act, argument(regs, call.compat, 1), argument(regs, call.compat, 2));
	if (maybe_worth_telling(file, flags))
		file_opened(number_of(file), flags, SLOT_TRACEPOINT, 0);
}

__noinline int on_open_refused(struct call_context *c)
{
	if (!c || c->act == ACT_OPEN_BY_HANDLE_AT)
		return 0;
	struct task_struct *task = (void *)bpf_get_current_task();
	bool at = c->act == ACT_OPENAT || c->act == ACT_OPENAT2;
	u64 flags = open_flags_of(c->act, ARG(1), ARG(2));
	union call_act *acts = new_call_act();
	if (!acts)
		return 0;
	struct name_act *act = &acts->names;
	act->action = flags & 3 || flags & OPEN_TRUNC ? FILE_WRITE : FILE_READ;
	act->error = -c->result;
	act->open_flags = flags;
	act->flags = FILE_FAILED_OPEN;
	set_name(&act->from, task, at ? (s32)ARG(0) : AT_CWD, at ? ARG(1) : ARG(0));
	tell_names(act);
	return 0;
}

__noinline int on_names(struct call_context *c)
{
	if (!c)
		return 0;
	struct task_struct *task = (void *)bpf_get_current_task();
	if (c->result < 0 && !refused(c->result))
		return 0;
	if (c->result >= 0 && names_by_object && c->act >= ACT_UNLINK && c->act <= ACT_SYMLINKAT)
		return 0;
	union call_act *acts = new_call_act();
	if (!acts)
		return 0;
	struct name_act *act = &acts->names;
	act->error = c->result < 0 ? -c->result : 0;
	struct name_args names = { .from_dir = NO_DIRECTORY, .to_dir = NO_DIRECTORY };
	switch (c->act) {
	case ACT_TRUNCATE:
		act->action = FILE_WRITE;
		act->from_is_followed = true;
		FROM(AT_CWD, ARG(0));
		break;
	case ACT_UNLINK:
		act->action = FILE_DELETE;
		FROM(AT_CWD, ARG(0));
		break;
	case ACT_UNLINKAT:
		if (ARG(2) & AT_REMOVEDIR)
			return 0;
		act->action = FILE_DELETE;
		FROM(ARG(0), ARG(1));
		break;
	case ACT_RENAME:
	case ACT_LINK:
		act->action = c->act == ACT_RENAME ? FILE_RENAME : FILE_LINK;
		FROM(AT_CWD, ARG(0));
		TO(AT_CWD, ARG(1));
		act->has_to = true;
		break;
	case ACT_RENAMEAT:
	case ACT_LINKAT:
		act->action = c->act == ACT_RENAMEAT ? FILE_RENAME : FILE_LINK;
		if (c->act == ACT_LINKAT) {
			act->open_flags = ARG(4);
			act->from_is_followed = act->open_flags & AT_SYMLINK_FOLLOW;
		}
		FROM(ARG(0), ARG(1));
		TO(ARG(2), ARG(3));
		act->has_to = true;
		break;
	case ACT_SYMLINK:
		act->action = FILE_SYMLINK;
		FROM(NO_DIRECTORY, ARG(0));
		TO(AT_CWD, ARG(1));
		act->has_to = act->from_is_text = true;
		break;
	case ACT_SYMLINKAT:
		act->action = FILE_SYMLINK;
		FROM(NO_DIRECTORY, ARG(0));
		TO(ARG(1), ARG(2));
		act->has_to = act->from_is_text = true;
		break;
	case ACT_MKNOD:
		act->action = FILE_CREATE;
		FROM(AT_CWD, ARG(0));
		break;
	case ACT_MKNODAT:
		act->action = FILE_CREATE;
		FROM(ARG(0), ARG(1));
		break;
	default:
		return 0;
	}
	set_name(&act->from, task, names.from_dir, names.from);
	if (act->has_to)
		set_name(&act->to, task, names.to_dir, names.to);
	tell_names(act);
	return 0;
}

enum { MOUNT_BIND = 0x1000, MOUNT_MOVE = 0x2000 };

/* Such a mount's source is only a word: what it shows is named by its options. */
static __always_inline bool is_overlay(u64 type)
{
	u64 word = 0;
	bpf_probe_read_user(&word, sizeof(word), (void *)type);
	return word == 0x0079616c7265766full; /* "overlay" */
}

__noinline int on_sandbox(struct call_context *c)
{
	if (!c)
		return 0;
	struct task_struct *task = (void *)bpf_get_current_task();
	union call_act *acts = new_call_act();
	if (!acts)
		return 0;
	struct sandbox_act *act = &acts->sandbox;
	struct name_args names = { .from_dir = NO_DIRECTORY, .to_dir = NO_DIRECTORY };
	struct file *file;
	const struct cred *cred;
	switch (c->act) {
	case ACT_UNSHARE:
		act->change = SANDBOX_UNSHARE;
		act->args[0] = ARG(0);
		/* Only what makes a namespace: CLONE_FILES, CLONE_FS and CLONE_SYSVSEM change nobody's view. */
		if (!(act->args[0] & 0x7e020080))
			return 0;
		break;
	case ACT_SETNS:
		act->change = SANDBOX_SETNS;
		act->args[0] = ARG(0);
		act->args[1] = ARG(1);
		act->target = pidfd_target(task, ARG(0));
		break;
	case ACT_MOUNT:
		act->change = SANDBOX_MOUNT;
		act->args[0] = ARG(3);
		FROM(AT_CWD, ARG(1));
		/* Of a bind mount, or of one that is moved, where it is from says it all; of others the type, too. */
		if (act->args[0] & (MOUNT_BIND | MOUNT_MOVE)) {
			TO(AT_CWD, ARG(0));
		} else {
			TO(NO_DIRECTORY, ARG(2));
			act->source = (void *)(is_overlay(ARG(2)) ? ARG(4) : ARG(0));
		}
		break;
	case ACT_UMOUNT:
		act->change = SANDBOX_UMOUNT;
		act->args[0] = ARG(1);
		FROM(AT_CWD, ARG(0));
		break;
	case ACT_MOVE_MOUNT:
		act->change = SANDBOX_MOVE_MOUNT;
		FROM(ARG(0), ARG(1));
		TO(ARG(2), ARG(3));
		break;
	case ACT_FSMOUNT:
		act->change = SANDBOX_FSMOUNT;
		act->args[0] = ARG(0);
		break;
	case ACT_OPEN_TREE:
	case ACT_OPEN_TREE_ATTR:
		/* Without OPEN_TREE_CLONE it is an O_PATH open, or changes the mount that is there. */
		if (!(ARG(2) & 1) && c->act == ACT_OPEN_TREE)
			return 0;
		act->change = SANDBOX_OPEN_TREE;
		act->args[0] = ARG(2);
		FROM(ARG(0), ARG(1));
		break;
	case ACT_MOUNT_SETATTR:
		act->change = SANDBOX_MOUNT_SETATTR;
		FROM(ARG(0), ARG(1));
		break;
	case ACT_PIVOT_ROOT:
		act->change = SANDBOX_PIVOT_ROOT;
		FROM(AT_CWD, ARG(0));
		TO(AT_CWD, ARG(1));
		break;
	case ACT_CHROOT:
		act->change = SANDBOX_CHROOT;
		if (c->result == 0)
			act->from.base = root_of(task); /* what it is by now: the kernel's word */
		else
				FROM(AT_CWD, ARG(0));
		break;
	case ACT_PTRACE:
		act->args[0] = ARG(0);
		if (act->args[0] != PTRACE_TRACEME && act->args[0] != PTRACE_ATTACH && act->args[0] != PTRACE_SEIZE)
			return 0;
		act->change = SANDBOX_PTRACE;
		act->args[1] = ARG(1);
		act->target = act->args[0] == PTRACE_TRACEME ? 0 : ARG(1);
		act->flags = SANDBOX_USER_PID;
		break;
	case ACT_PROCESS_VM_READV:
	case ACT_PROCESS_VM_WRITEV:
		act->change = c->act == ACT_PROCESS_VM_READV ? SANDBOX_MEMORY_READ : SANDBOX_MEMORY_WRITE;
		act->args[0] = ARG(0);
		act->target = ARG(0);
		act->flags = SANDBOX_USER_PID;
		break;
	case ACT_PIDFD_GETFD:
		act->change = SANDBOX_PIDFD_GETFD;
		act->args[0] = ARG(0);
		act->args[1] = ARG(1);
		act->target = pidfd_target(task, ARG(0));
		break;
	case ACT_INIT_MODULE:
		act->change = SANDBOX_INIT_MODULE;
		act->args[0] = ARG(1);
		break;
	case ACT_FINIT_MODULE:
		act->change = SANDBOX_FINIT_MODULE;
		act->args[0] = ARG(0);
		file = file_of(task, ARG(0));
		if (file)
			act->from.base = place_of_file(file);
		break;
	case ACT_DELETE_MODULE:
		act->change = SANDBOX_DELETE_MODULE;
		FROM(NO_DIRECTORY, ARG(0));
		break;
	case ACT_KEXEC_LOAD:
	case ACT_KEXEC_FILE_LOAD:
		act->change = SANDBOX_KEXEC;
		if (c->act == ACT_KEXEC_FILE_LOAD) {
			file = file_of(task, ARG(0));
			if (file)
				act->from.base = place_of_file(file);
		}
		break;
	case ACT_PORTS:
		act->change = SANDBOX_PORTS;
		break;
	case ACT_BPF:
		act->change = SANDBOX_BPF;
		act->args[0] = ARG(0);
		act->args[1] = bpf_object_of(task, bpf_descriptor(ARG(0), ARG(1), c->result), &act->args[2]);
		break;
	case ACT_CAPSET:
		act->change = SANDBOX_CAPSET;
		cred = BPF_CORE_READ(task, cred);
		bpf_core_read(&act->args[0], 8, &cred->cap_effective);
		break;
	case ACT_IO_URING_SETUP:
		act->change = SANDBOX_IO_URING_SETUP;
		act->args[0] = ARG(0);
		break;
	case ACT_PRLIMIT:
		/* Who sets a limit of his own, or only asks, is no news. */
		if (!ARG(0) || ARG(1) != LIMIT_CORE || !ARG(2) || ARG(0) == bpf_get_current_pid_tgid() >> 32)
			return 0;
		act->change = SANDBOX_CORE_LIMIT;
		act->args[0] = act->target = ARG(0);
		act->flags = SANDBOX_USER_PID;
		break;
	default:
		return 0;
	}
	if (names.from || names.from_dir != NO_DIRECTORY)
		set_name(&act->from, task, names.from_dir, names.from);
	if (names.to || names.to_dir != NO_DIRECTORY)
		set_name(&act->to, task, names.to_dir, names.to);
	tell_sandbox(act, c->result);
	return 0;
}

/* What other objects have to say of a call's end: one program a system call costs half of two. */
enum { CALLS_SOCKET = 0, CALLS_MMAP_CODE = 1, CALLS_WRITE = 2 };

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 3);
	__type(key, u32);
	__type(value, u32);
} calls SEC(".maps");

SEC("tp_btf/sys_exit")
int syscall_exit(u64 *ctx)
{
	struct pt_regs *regs = (void *)ctx[0];
	if (is_leaver()) {
		bpf_send_signal(9);
		return 0;
	}
	/* Of most calls nothing more is asked. */
	u32 acts = acts_of(regs);
	if (!acts)
		return 0;
	struct task_struct *task = bpf_get_current_task_btf();
	struct call call = call_of(acts, task);
	if (!call.act || (call.act == ACT_MMAP && !(argument(regs, call.compat, 2) & 4 /* PROT_EXEC */)) ||
	    (call.act == ACT_RECEIVE && !engines_serve) || !in_scope())
		return 0;
	s64 result = call.compat ? (s32)ctx[1] : (s64)ctx[1];
	if (call.act == ACT_SOCKET) {
		/* Of most there is nothing to say. */
		if (result < 0 || asks_other_family(argument(regs, call.compat, 0), argument(regs, call.compat, 1)))
			bpf_tail_call(ctx, &calls, CALLS_SOCKET);
		return 0;
	}
	u32 connected = argument(regs, call.compat, 0);
	if (call.act == ACT_SOCKETCALL) {
		if (connected == CALL_SOCKET)
			bpf_tail_call(ctx, &calls, CALLS_SOCKET);
		if (connected != CALL_CONNECT)
			return 0;
		call.act = ACT_CONNECT;
		connected = socketcall_argument(regs, 0);
	}
	if (call.act == ACT_MMAP) {
		bpf_tail_call(ctx, &calls, CALLS_MMAP_CODE);
		return 0;
	}
	if (call.act >= ACT_WRITE) {
		bpf_tail_call(ctx, &calls, CALLS_WRITE);
		return 0;
	}
	if (call.act == ACT_CONNECT) {
		struct sock *sk = result ? 0 : unix_socket_of(task, connected);
		union call_act *act = sk ? new_call_act() : 0;
		if (act)
			tell_engine(&act->sandbox, number_of(sk));
		return 0;
	}
	if (call.act == ACT_ACCEPT || call.act == ACT_RECEIVE) {
		if (result > 0)
			on_engine_socket(regs, call, task, result);
		return 0;
	}
	bool opens = call.act <= ACT_OPEN_BY_HANDLE_AT;
	if (opens && result >= 0) {
		on_opened(regs, call, task, result);
		return 0;
	}
	if (opens && !refused(result))
		return 0;
	u32 zero = 0;
	struct call_scratch *scratch = bpf_map_lookup_elem(&call_scratch, &zero);
	if (!scratch)
		return 0;
	struct call_context *c = &scratch->call;
	c->result = result;
	c->act = call.act;
	for (u32 i = 0; i < 5; i++)
		c->args[i] = argument(regs, call.compat, i);
	if (opens)
		on_open_refused(c);
	else if (call.act <= ACT_MKNODAT)
		on_names(c);
	else
		on_sandbox(c);
	return 0;
}
