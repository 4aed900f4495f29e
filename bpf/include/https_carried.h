/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * Which socket carries which connection of a TLS library: the one that is sent to in the library's own call. Who has it encrypt
 * into memory (node, Java, Python's asyncio) sends later, and Go's calls may go on on another thread: of those it is not known.
 */
#pragma once

#include "https_state.h"
#include "path.h"
#include "syscalls.h"
#include "tls_calls.h"

/* In which connection's call a thread is, to send. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, struct tls_session_key);
} https_sending SEC(".maps");

/* Not static: a frame of its own. */
__noinline int begin_sending(u64 session)
{
	struct tls_session_key key = session_of(session);
	u64 thread = bpf_get_current_pid_tgid();

	if (https_on())
		bpf_map_update_elem(&https_sending, &thread, &key, BPF_ANY);
	return 0;
}

static __always_inline void end_sending(void)
{
	u64 thread = bpf_get_current_pid_tgid();

	if (https_on())
		bpf_map_delete_elem(&https_sending, &thread);
}

/* The cookie of the socket behind a descriptor; 0: it is none, or none that was looked at. */
static __always_inline u64 socket_cookie_of(struct task_struct *task, s32 fd)
{
	struct file *file = file_of(task, fd);
	struct socket *socket;

	if (!file || BPF_CORE_READ(file, f_inode, i_sb, s_magic) != SOCKFS_MAGIC)
		return 0;
	socket = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(socket, sk, __sk_common.skc_cookie.counter);
}

/* A call of the kernel begins, of a thread that may be in one of its library. The first connection of a socket stays its own. */
static __always_inline void note_carried(struct pt_regs *regs)
{
	u64 thread = bpf_get_current_pid_tgid(), cookie;
	struct tls_session_key *session = bpf_map_lookup_elem(&https_sending, &thread);
	struct task_struct *task = bpf_get_current_task_btf();
	struct https_carried *known, carried = {};

	/* One that ended in its call may have left its number to another. */
	if (!session || session->start != start_of(task))
		return;
	cookie = socket_cookie_of(task, argument(regs, false, 0));
	if (!cookie)
		return;
	known = bpf_map_lookup_elem(&https_carried, &cookie);
	if (known && known->asks)
		return;
	carried.session = known ? known->session : *session;
	carried.asks = bpf_map_lookup_elem(&https_asking, &carried.session) ? 1 : 0;
	bpf_map_update_elem(&https_carried, &cookie, &carried, BPF_ANY);
}
