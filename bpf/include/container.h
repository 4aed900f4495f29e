/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * What the first program of a container really has, and one that is put into it later (exec): whatever was asked of an
 * engine, and whichever engine it was. A container is a mount namespace with a root of its own: the parent, which is the
 * engine's, has others. What the program runs in it has its parent's, and is told no more.
 */
#pragma once

#include "process.h"
#include "rings.h"
#include "scratch.h"
#include "steps.h"

enum container_bits {
	CONTAINER_SECCOMP = 3,	       /* mode: 0 none, 1 strict, 2 filter */
	CONTAINER_NO_NEW_PRIVS = 4,
	CONTAINER_OWN_USERS = 8, /* in a user namespace of its own: capabilities are over that only */
};

/* Namespaces that the record has the numbers of, in this order: user, pid, net, ipc, uts. */
enum { CONTAINER_NAMESPACES = 5 };

/* The process runs another program. Told once for each mount namespace that it comes to be contained in. */
static __always_inline bool enters_container(struct task_struct *task, struct member *member)
{
	struct task_struct *parent = BPF_CORE_READ(task, group_leader, real_parent, group_leader);
	u32 number;

	if (!has_own_files(task, parent))
		return false;
	number = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	if (!member || member->container == number)
		return false;
	member->container = number;
	return true;
}

__noinline int tell_container(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct scratch *s = scratch_at(SLOT_TRACEPOINT);

	if (!s)
		return 0;
	clear_record(s);
	struct sandbox_record *record = &s->record.sandbox;
	u32 *number = (u32 *)s->text;
	const struct cred *cred = BPF_CORE_READ(task, cred);
	u64 bits = BPF_CORE_READ(task, seccomp.mode) & CONTAINER_SECCOMP;

	/* PFA_NO_NEW_PRIVS is bit 0. */
	if (BPF_CORE_READ(task, atomic_flags) & 1)
		bits |= CONTAINER_NO_NEW_PRIVS;
	if (BPF_CORE_READ(cred, user_ns, level) > 0)
		bits |= CONTAINER_OWN_USERS;
	bpf_core_read(&record->args[0], 8, &cred->cap_effective);
	record->args[1] = bits;
	number[0] = BPF_CORE_READ(cred, user_ns, ns.inum);
	number[1] = BPF_CORE_READ(task, nsproxy, pid_ns_for_children, ns.inum);
	number[2] = BPF_CORE_READ(task, nsproxy, net_ns, ns.inum);
	number[3] = BPF_CORE_READ(task, nsproxy, ipc_ns, ns.inum);
	number[4] = BPF_CORE_READ(task, nsproxy, uts_ns, ns.inum);
	record->size[0] = CONTAINER_NAMESPACES * sizeof(u32);
	record->change = SANDBOX_CONTAINER;
	u32 size = record_size(CONTAINER_NAMESPACES * sizeof(u32));
	describe_current(&record->header, RECORD_SANDBOX, 0, size);
	send_urgent(&s->record, size, RECORD_SANDBOX);
	return 0;
}
