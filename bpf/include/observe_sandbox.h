/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* Acts that change what a process may see, reach or do: namespaces, mounts, other processes' memory, modules. */
#pragma once

#include "bpf_objects.h"
#include "observe_files.h"

enum { NSFS_MAGIC = 0x6e736673, PTRACE_TRACEME = 0, PTRACE_ATTACH = 16, PTRACE_SEIZE = 0x4206 };

struct sandbox_act {
	u32 change;
	u32 flags;
	u32 target;
	u64 args[3];
	/* Text 0 and 1: `from`; 2 and 3: `to`; or raw strings without base. */
	struct named from;
	struct named to;
	const void *source; /* of a mount: a string of user memory, in front of `to`, which has no base then */
};

/* The process that a pidfd stands for, in the initial pid namespace; 0: it is none. */
static __always_inline u32 pidfd_target(struct task_struct *task, s32 fd)
{
	struct file *file = file_of(task, fd);
		char start[8] = {};
	if (!file)
		return 0;
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct file_system_type *type = BPF_CORE_READ(inode, i_sb, s_type);
	struct pid *pid = 0;
	bpf_probe_read_kernel_str(start, sizeof(start), BPF_CORE_READ(type, name));
	if (start[0] == 'p' && start[1] == 'i' && start[2] == 'd' && start[3] == 'f') /* pidfs, since 6.9 */
		pid = BPF_CORE_READ(inode, i_private);
	else if (start[0] == 'a' && start[1] == 'n' && start[2] == 'o' && start[3] == 'n') /* anon_inodefs */
		pid = BPF_CORE_READ(file, private_data);
	return pid ? BPF_CORE_READ(pid, numbers[0].nr) : 0;
}

/* Appends what kind of namespace an nsfs file is, e.g. "net". */
static __always_inline u32 append_namespace(struct scratch *s, struct task_struct *task, s32 fd)
{
	struct file *file = file_of(task, fd);
	if (!file)
		return 0;
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	if (BPF_CORE_READ(inode, i_sb, s_magic) != NSFS_MAGIC)
		return 0;
	struct ns_common *ns = BPF_CORE_READ(inode, i_private);
	const char *name = BPF_CORE_READ(ns, ops, name);
	long size = bpf_probe_read_kernel_str(s->text, 32, name);
	return size > 0 ? size - 1 : 0;
}

/* Appends an abstract socket's name: it is no string, and may hold zeroes. */
static __always_inline u32 append_abstract(struct scratch *s, u64 address)
{
	struct unix_address *at = (void *)address;
	/* Behind its family and the zero that says that it is abstract. */
	u32 size = BOUND(BPF_CORE_READ(at, len) - 3, 127);
	return bpf_probe_read_kernel(s->text, size, &at->name[0].sun_path[1]) ? 0 : size;
}

__noinline int tell_sandbox(struct sandbox_act *act, s64 result)
{
	if (!act)
		return 0;
	struct task_struct *task = (void *)bpf_get_current_task();
	struct scratch *s = scratch_at(SLOT_TRACEPOINT);
	if (!s)
		return 0;
	clear_record(s);
	struct sandbox_record *record = &s->record.sandbox;
	u16 sizes[2] = {};
	u32 walked = 0;
	u32 end = 0;
	if (act->change == SANDBOX_SETNS) {
		end = append_namespace(s, task, act->args[0]);
		record->size[0] = end;
	}
	if (act->change == SANDBOX_ENGINE && act->args[1]) {
		end = append_abstract(s, act->args[1]);
		record->size[1] = end;
		act->args[1] = 0;
	}
	if (act->from.name || act->from.base.dentry) {
		end = append_named(SLOT_TRACEPOINT, end, PATH_MAX_KEPT, &act->from, sizes, &walked);
		record->size[0] = sizes[0];
		record->size[1] = sizes[1];
		if (sizes[1])
			act->flags |= SANDBOX_USER_TEXT;
	}
	if (act->source) {
		struct named source = { .name = act->source };
		end = append_named(SLOT_TRACEPOINT, end, PATH_MAX_KEPT, &source, sizes, &walked);
		record->size[2] = sizes[1];
	}
	if (act->to.name || act->to.base.dentry) {
		sizes[0] = sizes[1] = 0;
		end = append_named(SLOT_TRACEPOINT, end, PATH_MAX_KEPT, &act->to, sizes, &walked);
		record->size[2] += sizes[0];
		record->size[3] = sizes[1];
		if (sizes[1])
			act->flags |= SANDBOX_USER_TEXT;
	}
	if (walked & FILE_PATH_TRUNCATED)
		act->flags |= SANDBOX_TRUNCATED;
	record->args[0] = act->args[0];
	record->args[1] = act->args[1];
	record->args[2] = act->args[2];
	record->result = result;
	record->change = act->change;
	record->target = act->target;
	u32 size = record_size(end);
	describe_current(&record->header, RECORD_SANDBOX, act->flags, size);
	send_urgent(&s->record, size, RECORD_SANDBOX);
	return 0;
}
