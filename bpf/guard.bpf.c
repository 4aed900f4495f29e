/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * Tier T2: LSM programs that keep the scope's processes, root among them, from what enforces their policy. Every
 * program stands for itself; the loader leaves out those that a kernel does not take.
 */
#include "guard.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Keeps the numbers in the object's BTF, where a test holds them against TypeScript. */
const volatile struct guard_layout {
	enum guard_act act;
	enum guarded_kind kind;
} guard_layout = {};

/* Hooks on which a program of another's could undo what ours decided (bpf_set_retval), or see what it need not. */
static __always_inline bool is_our_hook(u32 type)
{
	return type == BPF_CGROUP_INET_EGRESS || type == BPF_CGROUP_INET_SOCK_CREATE ||
	       (type >= BPF_CGROUP_INET4_BIND && type <= BPF_CGROUP_UDP6_SENDMSG) ||
	       type == BPF_CGROUP_UDP4_RECVMSG || type == BPF_CGROUP_UDP6_RECVMSG ||
	       type == BPF_CGROUP_INET4_GETPEERNAME || type == BPF_CGROUP_INET6_GETPEERNAME ||
	       type == BPF_CGROUP_SETSOCKOPT;
}

/* Programs that run in other processes: they can write to the agent's memory (bpf_probe_write_user) or end it. */
static __always_inline bool acts_on_others(u32 type)
{
	return type == BPF_PROG_TYPE_KPROBE || type == BPF_PROG_TYPE_TRACEPOINT || type == BPF_PROG_TYPE_PERF_EVENT ||
	       type == BPF_PROG_TYPE_RAW_TRACEPOINT || type == BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE ||
	       type == BPF_PROG_TYPE_TRACING || type == BPF_PROG_TYPE_EXT || type == BPF_PROG_TYPE_LSM;
}

/* Programs on links and routes: they can send packets that are of no socket (bpf_clone_redirect, bpf_redirect). */
static __always_inline bool sends(u32 type)
{
	return type == BPF_PROG_TYPE_SCHED_CLS || type == BPF_PROG_TYPE_SCHED_ACT || type == BPF_PROG_TYPE_XDP ||
	       type == BPF_PROG_TYPE_LWT_IN || type == BPF_PROG_TYPE_LWT_OUT || type == BPF_PROG_TYPE_LWT_XMIT ||
	       type == BPF_PROG_TYPE_LWT_SEG6LOCAL;
}

SEC("lsm/bpf")
int guard_bpf(u64 *ctx)
{
	u32 command = ctx[0];
	/* The kernel's copy: what is decided here is what will be done. */
	const char *attributes = (void *)ctx[1];
	u32 word = 0;

	if (!in_scope())
		return 0;
	switch (command) {
	case BPF_LINK_GET_FD_BY_ID:
		bpf_probe_read_kernel(&word, sizeof(word), attributes);
		if (is_guarded(GUARDED_LINK, word))
			return refuse(GUARD_LINK, word, 0);
		return 0;
	case BPF_PROG_ATTACH:
	case BPF_PROG_DETACH:
	case BPF_LINK_CREATE:
		bpf_probe_read_kernel(&word, sizeof(word), attributes + 8);
		if (is_our_hook(word) && blocks())
			return refuse(GUARD_ATTACH, word, 0);
		return 0;
	case BPF_PROG_LOAD:
		bpf_probe_read_kernel(&word, sizeof(word), attributes);
		if (acts_on_others(word) && blocks())
			return refuse(GUARD_TRACING, word, 0);
		if (sends(word) && blocks())
			return refuse(GUARD_SENDER, word, 0);
		return 0;
	}
	return 0;
}

SEC("lsm/bpf_map")
int guard_map(u64 *ctx)
{
	struct bpf_map *map = (void *)ctx[0];
	u32 mode = ctx[1];

	if (!(mode & FMODE_WRITE) || !in_scope() || !is_guarded(GUARDED_MAP, map->id))
		return 0;
	return refuse(GUARD_MAP, map->id, 0);
}

SEC("lsm/bpf_prog")
int guard_program(u64 *ctx)
{
	struct bpf_prog *program = (void *)ctx[0];
	u32 id = program->aux->id;

	if (!in_scope() || !is_guarded(GUARDED_PROGRAM, id))
		return 0;
	return refuse(GUARD_PROGRAM, id, 0);
}

SEC("lsm/task_kill")
int guard_kill(u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	u32 signal = ctx[2];

	if (!is_agent(task) || !signal || !is_harmful(signal) || !in_scope())
		return 0;
	return refuse(GUARD_SIGNAL, signal, task->tgid);
}

/* Whoever traces a process acts as it: outside of the scope, past the policy. */
SEC("lsm/ptrace_access_check")
int guard_trace(u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	u32 mode = ctx[1];

	if (!(mode & PTRACE_MODE_ATTACH) || !in_scope() || task_in_scope(task))
		return 0;
	if (!is_agent(task) && !blocks())
		return 0;
	return refuse(GUARD_TRACE, 0, task->tgid);
}

SEC("lsm/task_setrlimit")
int guard_limit(u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];

	return is_agent(task) && in_scope() ? refuse(GUARD_LIMIT, 0, task->tgid) : 0;
}

SEC("lsm/task_setscheduler")
int guard_scheduler(u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];

	return is_agent(task) && in_scope() ? refuse(GUARD_LIMIT, 0, task->tgid) : 0;
}

static __always_inline int write_to_proc(struct inode *inode)
{
	struct proc_inode *proc = (void *)inode - bpf_core_field_offset(struct proc_inode, vfs_inode);
	u32 target = BPF_CORE_READ(proc, pid, numbers[0].nr);

	if (agent_tgid && target == agent_tgid)
		return refuse(GUARD_PROC, inode->i_ino, target);
	/* Ends or crashes all there is. */
	if (!target && sysrq_inode && inode->i_ino == sysrq_inode && blocks())
		return refuse(GUARD_SYSRQ, 0, 0);
	return 0;
}

/* Asked for each component of each path, for every process of the machine: most leave at the first look. */
SEC("lsm/inode_permission")
int guard_inode(u64 *ctx)
{
	struct inode *inode = (void *)ctx[0];
	u32 mask = ctx[1];
	struct super_block *sb = inode->i_sb;
	u32 device = sb->s_dev;

	if (device == pins_device || (device == folder_device && inode->i_ino == folder_inode))
		return in_scope() ? refuse(GUARD_STATE, mask & MAY_WRITE, 0) : 0;
	if (!(mask & MAY_WRITE) || !in_scope())
		return 0;
	/* Moving a process asks for both ends and what is above them; a new process, for its place. */
	if (sb->s_magic == CGROUP2_MAGIC)
		return blocks() && !is_below_scope(inode->i_private) ? refuse(GUARD_CGROUP, inode->i_ino, 0) : 0;
	if (sb->s_magic == PROC_MAGIC)
		return write_to_proc(inode);
	return is_guarded_file(device, inode->i_ino) ? refuse(GUARD_FILE, inode->i_ino, 0) : 0;
}

/* Where a name is taken away or given to another file, its folder may be anybody's. */
static __always_inline int changes_name(struct dentry *dentry)
{
	struct inode *inode = BPF_CORE_READ(dentry, d_inode);
	u64 number;

	if (!inode)
		return 0;
	number = BPF_CORE_READ(inode, i_ino);
	return is_guarded_file(BPF_CORE_READ(inode, i_sb, s_dev), number) ? refuse(GUARD_FILE, number, 0) : 0;
}

SEC("lsm/inode_unlink")
int guard_unlink(u64 *ctx)
{
	return in_scope() ? changes_name((void *)ctx[1]) : 0;
}

SEC("lsm/inode_rename")
int guard_rename(u64 *ctx)
{
	int error;

	if (!in_scope())
		return 0;
	error = changes_name((void *)ctx[1]);
	return error ? error : changes_name((void *)ctx[3]);
}

SEC("lsm/sb_umount")
int guard_unmount(u64 *ctx)
{
	struct vfsmount *mnt = (void *)ctx[0];
	struct mount *mount = (void *)mnt - bpf_core_field_offset(struct mount, mnt);

	if (!in_scope())
		return 0;
	/* Also what holds the pins' mount: with it goes what is mounted below. */
	if (BPF_CORE_READ(mnt, mnt_sb, s_dev) != pins_device && !is_guarded(GUARDED_MOUNT, BPF_CORE_READ(mount, mnt_id)))
		return 0;
	return refuse(GUARD_UNMOUNT, 0, 0);
}

/* A mount over one of the agent's folders, where the agent sees it. */
static __always_inline int mounts_over(struct path *path)
{
	struct inode *inode = BPF_CORE_READ(path, dentry, d_inode);
	struct vfsmount *mnt = BPF_CORE_READ(path, mnt);
	struct mount *mount = (void *)mnt - bpf_core_field_offset(struct mount, mnt);
	u64 number = BPF_CORE_READ(inode, i_ino);

	if (!is_guarded(GUARDED_MOUNT, BPF_CORE_READ(mount, mnt_id)) ||
	    !is_guarded_file(BPF_CORE_READ(inode, i_sb, s_dev), number))
		return 0;
	return refuse(GUARD_MOUNT, number, 0);
}

/* MS_REMOUNT, MS_UNBINDABLE, MS_PRIVATE, MS_SLAVE, MS_SHARED: nothing is put there. */
#define MS_CHANGES (1u << 5 | 1u << 17 | 1u << 18 | 1u << 19 | 1u << 20)

SEC("lsm/sb_mount")
int guard_mount(u64 *ctx)
{
	return ctx[3] & MS_CHANGES || !in_scope() ? 0 : mounts_over((void *)ctx[1]);
}

SEC("lsm/move_mount")
int guard_move_mount(u64 *ctx)
{
	return in_scope() ? mounts_over((void *)ctx[1]) : 0;
}

enum lockdown_reason { LOCKDOWN_INTEGRITY_MAX = 1 };

/* Lockdown's integrity, for the scope alone: the kernel's own memory and code stay as they are. */
SEC("lsm/locked_down")
int guard_kernel(u64 *ctx)
{
	u32 what = ctx[0];

	if (what > bpf_core_enum_value(enum lockdown_reason, LOCKDOWN_INTEGRITY_MAX) || !in_scope() || !blocks())
		return 0;
	return refuse(GUARD_KERNEL, what, 0);
}

/* Sockets that no cgroup hook sees. The call socket() itself is told by the enforcement's program at its end. */
static __always_inline bool is_socket_call(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs = (void *)bpf_task_pt_regs(task);

	return call_of(acts_of(regs), task).act == ACT_SOCKET;
}

SEC("lsm/socket_create")
int guard_family(u64 *ctx)
{
	u32 family = ctx[0], type = ctx[1];
	bool kernel = ctx[3];
	struct connect_record *record;
	struct task_struct *task;
	u64 now;

	if (kernel || !is_other_family(family) || !in_scope() || !blocks())
		return 0;
	if (is_socket_call())
		return -EPERM;
	now = bpf_ktime_get_boot_ns();
	record = bpf_ringbuf_reserve(&urgent, sizeof(*record), 0);
	if (!record) {
		count_lost(RECORD_CONNECT);
		return -EPERM;
	}
	__builtin_memset(record, 0, sizeof(*record));
	task = bpf_get_current_task_btf();
	describe_process(&record->header, task, RECORD_CONNECT, 0, sizeof(*record));
	record->header.time = now;
	record->rule = RULE_NONE;
	record->count = 1;
	record->socket_type = type & 0xf;
	record->family = family;
	record->protocol = 255;
	record->verdict = VERDICT_BLOCKED;
	record->via = VIA_SOCKET;
	record->reason = REASON_FAMILY;
	bpf_ringbuf_submit(record, 0);
	return -EPERM;
}
