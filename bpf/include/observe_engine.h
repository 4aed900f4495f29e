/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * Connections to sockets of container engines: what an engine does for a job, it does outside of the scope; and to the one
 * by which .NET lets others dump a program's memory, where that is the runner's worker. The
 * socket's path is that of the listening end, from the kernel's own objects, by whatever way it was reached.
 */
#pragma once

#include "other_family.h"
#include "observe_sandbox.h"
#include "worker.h"

/* First 8 bytes of a name, as they lie in memory. */
#define NAME8(a, b, c, d, e, f, g, h)                                                                                    \
	((u64)(a) | (u64)(b) << 8 | (u64)(c) << 16 | (u64)(d) << 24 | (u64)(e) << 32 | (u64)(f) << 40 | (u64)(g) << 48 | \
	 (u64)(h) << 56)

/* Preselects; user space looks at the whole path. */
static __always_inline bool is_engine_name(u64 name)
{
	return name == NAME8('d', 'o', 'c', 'k', 'e', 'r', '.', 's') || name == NAME8('c', 'o', 'n', 't', 'a', 'i', 'n', 'e') ||
	       name == NAME8('p', 'o', 'd', 'm', 'a', 'n', '.', 's') || name == NAME8('i', 'o', '.', 'p', 'o', 'd', 'm', 'a') ||
	       name == NAME8('c', 'r', 'i', '-', 'd', 'o', 'c', 'k') || name == NAME8('c', 'r', 'i', 'o', '.', 's', 'o', 'c') ||
	       name == NAME8('b', 'u', 'i', 'l', 'd', 'k', 'i', 't') || name == NAME8('u', 'n', 'i', 'x', '.', 's', 'o', 'c') ||
	       name == NAME8('l', 'i', 'b', 'v', 'i', 'r', 't', '-') || name == NAME8('v', 'i', 'r', 't', 'q', 'e', 'm', 'u') ||
	       name == NAME8('v', 'i', 'r', 't', 'l', 'x', 'c', 'd') || name == NAME8('m', 'u', 'l', 't', 'i', 'p', 'a', 's');
}

/* The Unix socket behind a descriptor; 0: it is something else. Asked of every connection: by single loads where they can be. */
static __always_inline struct sock *unix_socket_of(struct task_struct *task, s32 fd)
{
	struct file *file = file_of(task, fd);
	if (!file)
		return 0;
	struct inode *inode = READ(struct file, file, f_inode);
	struct super_block *filesystem = READ(struct inode, inode, i_sb);
	if (READ(struct super_block, filesystem, s_magic) != SOCKFS_MAGIC)
		return 0;
	struct socket *socket = READ(struct file, file, private_data);
	struct sock *sk = READ(struct socket, socket, sk);
	return sk && READ(struct sock, sk, __sk_common.skc_family) == AF_UNIX ? sk : 0;
}

static __always_inline bool is_engine_place(struct dentry *leaf)
{
	u64 name = 0;
	bpf_probe_read_kernel(&name, sizeof(name), BPF_CORE_READ(leaf, d_name.name));
	return is_engine_name(name);
}

#define IS(a, b) (words[0] == (a) && words[1] == (b))

/* A socket's whole name: one that only engines give. Of `unix.socket` (LXD, Incus) who listens decides. */
static __always_inline bool is_whole_engine_name(const u64 words[3])
{
	if (words[2])
		return false;
	return IS(NAME8('d', 'o', 'c', 'k', 'e', 'r', '.', 's'), NAME8('o', 'c', 'k', 0, 0, 0, 0, 0)) ||
	       IS(NAME8('c', 'o', 'n', 't', 'a', 'i', 'n', 'e'), NAME8('r', 'd', '.', 's', 'o', 'c', 'k', 0)) ||
	       IS(NAME8('p', 'o', 'd', 'm', 'a', 'n', '.', 's'), NAME8('o', 'c', 'k', 0, 0, 0, 0, 0)) ||
	       IS(NAME8('i', 'o', '.', 'p', 'o', 'd', 'm', 'a'), NAME8('n', 0, 0, 0, 0, 0, 0, 0)) ||
	       IS(NAME8('c', 'r', 'i', '-', 'd', 'o', 'c', 'k'), NAME8('e', 'r', 'd', '.', 's', 'o', 'c', 'k')) ||
	       IS(NAME8('c', 'r', 'i', 'o', '.', 's', 'o', 'c'), NAME8('k', 0, 0, 0, 0, 0, 0, 0)) ||
	       IS(NAME8('b', 'u', 'i', 'l', 'd', 'k', 'i', 't'), NAME8('d', '.', 's', 'o', 'c', 'k', 0, 0)) ||
	       IS(NAME8('l', 'i', 'b', 'v', 'i', 'r', 't', '-'), NAME8('s', 'o', 'c', 'k', 0, 0, 0, 0)) ||
	       IS(NAME8('v', 'i', 'r', 't', 'q', 'e', 'm', 'u'), NAME8('d', '-', 's', 'o', 'c', 'k', 0, 0)) ||
	       IS(NAME8('v', 'i', 'r', 't', 'l', 'x', 'c', 'd'), NAME8('-', 's', 'o', 'c', 'k', 0, 0, 0)) ||
	       IS(NAME8('m', 'u', 'l', 't', 'i', 'p', 'a', 's'), NAME8('s', '_', 's', 'o', 'c', 'k', 'e', 't'));
}

/* A program's name. packages/agent/src/harden/roads.ts has the same lists as these three; a test holds them together. */
static __always_inline bool is_engine_program(const u64 words[2])
{
	return IS(NAME8('d', 'o', 'c', 'k', 'e', 'r', 'd', 0), 0) || IS(NAME8('p', 'o', 'd', 'm', 'a', 'n', 0, 0), 0) ||
	       IS(NAME8('c', 'o', 'n', 't', 'a', 'i', 'n', 'e'), NAME8('r', 'd', 0, 0, 0, 0, 0, 0)) ||
	       IS(NAME8('c', 'r', 'i', 'o', 0, 0, 0, 0), 0) ||
	       IS(NAME8('c', 'r', 'i', '-', 'd', 'o', 'c', 'k'), NAME8('e', 'r', 'd', 0, 0, 0, 0, 0)) ||
	       IS(NAME8('b', 'u', 'i', 'l', 'd', 'k', 'i', 't'), NAME8('d', 0, 0, 0, 0, 0, 0, 0)) ||
	       IS(NAME8('l', 'x', 'd', 0, 0, 0, 0, 0), 0) || IS(NAME8('i', 'n', 'c', 'u', 's', 'd', 0, 0), 0) ||
	       IS(NAME8('l', 'i', 'b', 'v', 'i', 'r', 't', 'd'), 0) ||
	       IS(NAME8('v', 'i', 'r', 't', 'q', 'e', 'm', 'u'), NAME8('d', 0, 0, 0, 0, 0, 0, 0)) ||
	       IS(NAME8('v', 'i', 'r', 't', 'l', 'x', 'c', 'd'), 0) ||
	       IS(NAME8('m', 'u', 'l', 't', 'i', 'p', 'a', 's'), NAME8('s', 'd', 0, 0, 0, 0, 0, 0)) ||
	       IS(NAME8('r', 'o', 'o', 't', 'l', 'e', 's', 's'), NAME8('k', 'i', 't', 0, 0, 0, 0, 0)) ||
	       IS(NAME8('k', '3', 's', '-', 's', 'e', 'r', 'v'), NAME8('e', 'r', 0, 0, 0, 0, 0, 0));
}

#define PIDTYPE_TGID 1

/* The process of a pid; 0: it has ended. */
static __always_inline struct task_struct *process_of(struct pid *pid)
{
	struct hlist_node *first = BPF_CORE_READ(pid, tasks[PIDTYPE_TGID].first);

	return first ? (void *)first - bpf_core_field_offset(struct task_struct, pid_links[PIDTYPE_TGID]) : 0;
}

/*
 * Engines are taken from the job (disable-sudo): who reaches one outside of the scope all the same is ended before its next
 * instruction. Their sockets were masked at the start: this one was made since.
 */
const volatile bool ends_engine_callers = false;

__noinline int tell_engine(struct sandbox_act *act, u64 socket)
{
	struct sock *sk = (void *)socket;
	if (!act || !sk)
		return 0;
	struct unix_sock *peer = (void *)BPF_CORE_READ((struct unix_sock *)sk, peer);
	if (!peer)
		return 0;
	/* None of an abstract socket: of that, who listens decides. */
	struct dentry *leaf = BPF_CORE_READ(peer, path.dentry);
	struct pid *pid = BPF_CORE_READ(sk, sk_peer_pid);
	struct task_struct *listener = pid ? process_of(pid) : 0;
	u64 comm[2] = {}, name[3] = {};
	if (listener)
		bpf_core_read(comm, sizeof(comm), &listener->comm);
	bool is_engine = is_engine_program(comm);
	if (leaf)
		bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(leaf, d_name.name));
	/* dotnet-diagnostic-PID-TIME-socket */
	bool dumps_worker = is_worker_name((char *)comm) && name[0] == NAME8('d', 'o', 't', 'n', 'e', 't', '-', 'd');
	if (!is_engine && !dumps_worker && !is_engine_name(name[0]))
		return 0;
	act->change = dumps_worker ? SANDBOX_CORE_ASKED : SANDBOX_ENGINE;
	act->from.base.dentry = leaf;
	act->from.base.mnt = BPF_CORE_READ(peer, path.mnt);
	if (!leaf)
		act->args[1] = (u64)BPF_CORE_READ(peer, addr);
	act->target = pid ? BPF_CORE_READ(pid, numbers[0].nr) : 0;
	if (ends_engine_callers && (is_engine || is_whole_engine_name(name)) && !(listener && task_in_scope(listener)))
		act->args[0] = 1;
	bool ends = act->args[0];
	tell_sandbox(act, 0);
	if (ends)
		bpf_send_signal(9);
	return 0;
}
