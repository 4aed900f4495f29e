/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * The kernel's types, only the fields that we read. Offsets are put right at load time (CO-RE), so
 * the order and what is left out do not matter. Layouts that changed between kernels have a second
 * flavour, `struct x___old`: libbpf ignores what follows the three underscores.
 */
#pragma once

#include <linux/types.h>
#include <stdbool.h>
/* stdbool before bpf_helpers: its macros want no types of their own. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	u32 val;
} kuid_t;

struct super_block;
struct inode;
struct dentry;
struct mount;

struct qstr {
	union {
		struct {
			u32 hash;
			u32 len;
		};
		u64 hash_len;
	};
	const unsigned char *name;
};

struct file_system_type {
	const char *name;
};

struct super_block {
	u32 s_dev;
	unsigned long s_magic;
	struct file_system_type *s_type;
};

typedef struct {
	int counter;
} atomic_t;

struct hlist_node {
	struct hlist_node *next;
};

struct hlist_head {
	struct hlist_node *first;
};

struct inode {
	u16 i_mode;
	atomic_t i_writecount;
	kuid_t i_uid;
	u32 i_rdev;
	struct super_block *i_sb;
	unsigned long i_ino;
	struct hlist_head i_dentry;
	void *i_private;
};

struct hlist_bl_node {
	struct hlist_bl_node *next, **pprev;
};

struct dentry {
	u32 d_flags;
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	struct super_block *d_sb;
	union {
		struct hlist_node d_alias;
	} d_u;
};

struct vfsmount {
	struct dentry *mnt_root;
	struct super_block *mnt_sb;
};

struct mnt_namespace;

struct mount {
	int mnt_id;
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	struct mnt_namespace *mnt_ns;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file {
	u32 f_mode;
	struct inode *f_inode;
	unsigned int f_flags;
	void *private_data;
	struct path f_path;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct fs_struct {
	struct path root;
	struct path pwd;
};

struct mm_struct {
	unsigned long arg_start, arg_end, env_start, env_end;
	struct file *exe_file;
};

struct pid_namespace;

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct hlist_head tasks[4];
	struct upid numbers[1];
};

struct cgroup_namespace;
struct net;

struct uts_namespace;
struct ipc_namespace;

struct nsproxy {
	struct uts_namespace *uts_ns;
	struct ipc_namespace *ipc_ns;
	struct mnt_namespace *mnt_ns;
	struct pid_namespace *pid_ns_for_children;
	struct net *net_ns;
	struct cgroup_namespace *cgroup_ns;
};

struct user_namespace;

typedef struct {
	u64 val;
} kernel_cap_t;

struct cred {
	kuid_t uid, euid;
	kernel_cap_t cap_effective;
	struct user_namespace *user_ns;
};

struct signal_struct {
	atomic_t live;
	int nr_threads;
	int group_exit_code;
	unsigned int flags;
};

struct thread_info {
	unsigned long flags;
	u32 status; /* x86 only */
};

struct kernfs_node {
	u64 id;
	struct kernfs_node *__parent;
};

/* Before 6.15. */
struct kernfs_node___old {
	struct kernfs_node *parent;
};

struct cgroup_root {
	int hierarchy_id; /* 0: version 2 */
};

struct cgroup {
	int level;
	struct cgroup_root *root;
	struct kernfs_node *kn;
	struct cgroup *ancestors[1];
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct seccomp {
	int mode;
};

struct task_struct {
	struct thread_info thread_info;
	unsigned int flags;
	int exit_code;
	int pid;
	int tgid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	u64 start_boottime;
	struct mm_struct *mm;
	const struct cred *cred;
	struct fs_struct *fs;
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	struct css_set *cgroups;
	struct pid *thread_pid;
	struct hlist_node pid_links[4];
	u64 self_exec_id;
	u64 parent_exec_id;
	char comm[16];
	unsigned long atomic_flags;
	struct seccomp seccomp;
};

struct linux_binprm {
	struct file *file;
};

struct filename {
	const char *name;
};

struct proc_ns_operations {
	const char *name;
};

struct ns_common {
	const struct proc_ns_operations *ops;
	unsigned int inum;
};

struct net {
	struct ns_common ns;
};

struct mnt_namespace {
	struct ns_common ns;
};

struct uts_namespace {
	struct ns_common ns;
};

struct ipc_namespace {
	struct ns_common ns;
};

struct pid_namespace {
	struct ns_common ns;
};

struct user_namespace {
	int level;
	struct ns_common ns;
};

struct sk_buff {
	u32 end; /* from head, where pointers have 64 bits */
	unsigned char *head;
};

struct skb_shared_info {
	u8 flags;
};

struct sock_common {
	unsigned short skc_family;
	unsigned char skc_state;
	u32 skc_daddr;
	struct {
		s64 counter;
	} skc_cookie;
	struct in6_address {
		u8 bytes[16];
	} skc_v6_daddr;
};

struct sock {
	struct sock_common __sk_common;
	struct pid *sk_peer_pid;
};

struct tcp_sock {
	u32 write_seq;
};

struct vm_area_struct {
	struct file *vm_file;
};

struct socket {
	short type;
	struct sock *sk;
};

struct sockaddr_un {
	unsigned short sun_family;
	char sun_path[108];
};

struct unix_address {
	int len;
	struct sockaddr_un name[];
};

struct unix_sock {
	struct unix_address *addr;
	struct path path;
	struct sock *peer;
};

struct proc_inode {
	struct pid *pid;
	struct inode vfs_inode;
};

/* io_uring: a request, and its command by opcode (io_uring/openclose.c, io_uring/fs.c, io_uring/net.c). */
struct io_cmd_data {
	struct file *file;
};

/* Files of a ring that have no descriptor (io_uring/filetable.h). The pointer's lowest bits are flags. */
struct io_rsrc_node {
	unsigned long file_ptr;
};

struct io_rsrc_data {
	unsigned int nr;
	struct io_rsrc_node **nodes;
};

struct io_file_table {
	struct io_rsrc_data data;
};

struct io_ring_ctx {
	struct io_file_table file_table;
};

/* Up to 6.12. */
struct io_fixed_file {
	unsigned long file_ptr;
};

struct io_file_table___old {
	struct io_fixed_file *files;
};

struct io_ring_ctx___old {
	struct io_file_table___old file_table;
	unsigned int nr_user_files;
};

struct io_kiocb {
	u8 opcode;
	u32 flags; /* 64 bits wide since 6.7: the low half is what we look at */
	struct io_cmd_data cmd;
	struct io_ring_ctx *ctx;
};

struct open_how {
	u64 flags;
};

struct io_open {
	int dfd;
	u32 file_slot;
	struct filename *filename;
	struct open_how how;
};

struct io_close {
	int fd;
	u32 file_slot;
};

struct io_rename {
	int old_dfd;
	int new_dfd;
	struct filename *oldpath;
	struct filename *newpath;
	int flags;
};

struct io_unlink {
	int dfd;
	int flags;
	struct filename *filename;
};

struct io_link {
	int old_dfd;
	int new_dfd;
	struct filename *oldpath;
	struct filename *newpath;
	int flags;
};

struct io_socket {
	int domain;
	int type;
};

struct io_uring_cqe {
	s32 res;
};

struct bpf_map {
	u32 id;
};

struct bpf_prog_aux {
	u32 id;
};

struct bpf_prog {
	struct bpf_prog_aux *aux;
};

struct bpf_link {
	u32 id;
};

/* The argument of vfs_rename. */
struct renamedata {
	struct dentry *old_dentry;
};

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long bp, bx, r10, r9, r8, ax, cx, dx, si, di, orig_ax;
};
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs {
	u64 regs[31];
	u64 orig_x0;
	s32 syscallno;
};
#else
#error "no such architecture"
#endif

#pragma clang attribute pop
