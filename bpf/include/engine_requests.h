/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * What container engines are asked for, and by whom: a container that a daemon makes does not descend from who wanted it.
 * Requests are taken where the engine reads them: before it can act on them, and by whatever way they were written. Who
 * asks is who has connected, as the kernel tells the engine itself (SO_PEERCRED). Engines of a step are not looked at:
 * their containers are in the step by descent.
 */
#pragma once

#include "observe_engine.h"
#include "steps.h"
#include "syscalls.h"

/* Some have taken connections: what is read is worth a look. */
u32 engines_serve;

/* The beginning of a request: its method, and the path with a container's or command's id; and what is none for sure. */
enum { REQUEST_KEPT = 256, REQUEST_LEAST = 16 };

__noinline int tell_request(u64 socket, u64 text, u64 size)
{
	struct sock *sk = (void *)socket;
	struct scratch *s = scratch_at(SLOT_TRACEPOINT);
	struct pid *pid = sk ? BPF_CORE_READ(sk, sk_peer_pid) : 0;

	if (!s || !pid || size < REQUEST_LEAST)
		return 0;
	u32 used = BOUND(size < REQUEST_KEPT ? size : REQUEST_KEPT, 2 * REQUEST_KEPT - 1);
	if (used > REQUEST_KEPT || bpf_probe_read_user(s->text, used, (void *)text))
		return 0;
	/*
	 * "POST": nothing else starts a program. Go's server, which all engines have, waits for a client's end by reading one
	 * byte, and may so get the first one of the next request by itself.
	 */
	u32 at = s->text[0] == 'P' ? 1 : 0;
	if (s->text[at] != 'O' || s->text[at + 1] != 'S' || s->text[at + 2] != 'T' || s->text[at + 3] != ' ')
		return 0;
	clear_record(s);
	struct step_record *record = &s->record.step;
	struct task_struct *asker = process_of(pid);

	record->total = used;
	record->parent_tgid = BPF_CORE_READ(pid, numbers[0].nr);
	record->parent_start = asker ? BPF_CORE_READ(asker, start_boottime) : 0;
	u32 all = record_size(used);
	describe_current(&record->header, RECORD_STEP, STEP_ASKED, all);
	send_step(&s->record, all);
	return 0;
}

/* A process has taken a connection (result: its descriptor), or read from something (result: bytes). */
static __always_inline void on_engine_socket(struct pt_regs *regs, struct call call, struct task_struct *task, s64 result)
{
	bool accepts = call.act == ACT_ACCEPT;
	struct sock *sk = accepts ? unix_socket_of(task, result) : 0;
	struct member *member;

	/* Most connections are of TCP: whoever takes one of these is not asked who it is. */
	if (accepts && !sk)
		return;
	member = accepts ? make_member(task->group_leader) : member_of(task);
	if (!member || member->role != ROLE_NONE || (!accepts && !member->serves))
		return;
	if (!accepts)
		sk = unix_socket_of(task, argument(regs, call.compat, 0));
	/* A connection has the place of the socket that it was made to. */
	struct dentry *leaf = sk ? BPF_CORE_READ((struct unix_sock *)sk, path.dentry) : 0;
	if (!leaf || !is_engine_place(leaf))
		return;
	if (accepts)
		member->serves = engines_serve = 1;
	else
		tell_request(number_of(sk), argument(regs, call.compat, 1), result);
}
