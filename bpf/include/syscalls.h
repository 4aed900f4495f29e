/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * The system calls that are looked at, by number and binary interface. Numbers are from the kernel's tables
 * (arch/x86/entry/syscalls, scripts/syscall.tbl, arch/arm/tools/syscall.tbl) and never change.
 */
#pragma once

#include "kernel.h"

enum act {
	ACT_NONE = 0,
	ACT_OPEN,
	ACT_CREAT,
	ACT_OPENAT,
	ACT_OPENAT2,
	ACT_OPEN_BY_HANDLE_AT,
	ACT_TRUNCATE,
	ACT_UNLINK,
	ACT_UNLINKAT,
	ACT_RENAME,
	ACT_RENAMEAT,
	ACT_LINK,
	ACT_LINKAT,
	ACT_SYMLINK,
	ACT_SYMLINKAT,
	ACT_MKNOD,
	ACT_MKNODAT,
	ACT_UNSHARE,
	ACT_SETNS,
	ACT_MOUNT,
	ACT_UMOUNT,
	ACT_MOVE_MOUNT,
	ACT_FSMOUNT,
	ACT_OPEN_TREE,
	ACT_OPEN_TREE_ATTR,
	ACT_MOUNT_SETATTR,
	ACT_PIVOT_ROOT,
	ACT_CHROOT,
	ACT_PTRACE,
	ACT_PROCESS_VM_READV,
	ACT_PROCESS_VM_WRITEV,
	ACT_PIDFD_GETFD,
	ACT_INIT_MODULE,
	ACT_FINIT_MODULE,
	ACT_DELETE_MODULE,
	ACT_KEXEC_LOAD,
	ACT_KEXEC_FILE_LOAD,
	/* To the machine's ports: iopl, ioperm. */
	ACT_PORTS,
	ACT_BPF,
	ACT_CAPSET,
	ACT_IO_URING_SETUP,
	ACT_PRLIMIT,
	ACT_SOCKET,
	ACT_CONNECT,
	ACT_MMAP,
	/* A 32-bit program's way to several of them: which one, and where its arguments are. */
	ACT_SOCKETCALL,
	/* What an engine does with its socket: see engine_requests.h. */
	ACT_ACCEPT,
	ACT_RECEIVE,
	/* Writes: see build_log.h. */
	ACT_WRITE,
	ACT_WRITEV,
	ACT_SENDFILE,
	ACT_SPLICE,
	ACT_TEE,
};

enum { SYSCALLS = 512 };

#if defined(__TARGET_ARCH_x86)
static const u8 acts_native[SYSCALLS] = {
	[172] = ACT_PORTS, /* iopl */
	[173] = ACT_PORTS, /* ioperm */
	[246] = ACT_KEXEC_LOAD, /* kexec_load */
	[320] = ACT_KEXEC_FILE_LOAD, /* kexec_file_load */
	[1] = ACT_WRITE, /* write */
	[18] = ACT_WRITE, /* pwrite64 */
	[20] = ACT_WRITEV, /* writev */
	[40] = ACT_SENDFILE, /* sendfile */
	[44] = ACT_WRITE, /* sendto */
	[46] = ACT_SENDFILE, /* sendmsg */
	[275] = ACT_SPLICE, /* splice */
	[276] = ACT_TEE, /* tee */
	[278] = ACT_WRITEV, /* vmsplice */
	[296] = ACT_WRITEV, /* pwritev */
	[328] = ACT_WRITEV, /* pwritev2 */
	[2] = ACT_OPEN, /* open */
	[9] = ACT_MMAP, /* mmap */
	[41] = ACT_SOCKET, /* socket */
	[42] = ACT_CONNECT, /* connect */
	[0] = ACT_RECEIVE, /* read */
	[43] = ACT_ACCEPT, /* accept */
	[45] = ACT_RECEIVE, /* recvfrom */
	[288] = ACT_ACCEPT, /* accept4 */
	[76] = ACT_TRUNCATE, /* truncate */
	[82] = ACT_RENAME, /* rename */
	[85] = ACT_CREAT, /* creat */
	[86] = ACT_LINK, /* link */
	[87] = ACT_UNLINK, /* unlink */
	[88] = ACT_SYMLINK, /* symlink */
	[101] = ACT_PTRACE, /* ptrace */
	[126] = ACT_CAPSET, /* capset */
	[133] = ACT_MKNOD, /* mknod */
	[155] = ACT_PIVOT_ROOT, /* pivot_root */
	[161] = ACT_CHROOT, /* chroot */
	[165] = ACT_MOUNT, /* mount */
	[166] = ACT_UMOUNT, /* umount2 */
	[175] = ACT_INIT_MODULE, /* init_module */
	[176] = ACT_DELETE_MODULE, /* delete_module */
	[257] = ACT_OPENAT, /* openat */
	[259] = ACT_MKNODAT, /* mknodat */
	[263] = ACT_UNLINKAT, /* unlinkat */
	[264] = ACT_RENAMEAT, /* renameat */
	[265] = ACT_LINKAT, /* linkat */
	[266] = ACT_SYMLINKAT, /* symlinkat */
	[272] = ACT_UNSHARE, /* unshare */
	[302] = ACT_PRLIMIT, /* prlimit64 */
	[304] = ACT_OPEN_BY_HANDLE_AT, /* open_by_handle_at */
	[308] = ACT_SETNS, /* setns */
	[310] = ACT_PROCESS_VM_READV, /* process_vm_readv */
	[311] = ACT_PROCESS_VM_WRITEV, /* process_vm_writev */
	[313] = ACT_FINIT_MODULE, /* finit_module */
	[316] = ACT_RENAMEAT, /* renameat2 */
	[321] = ACT_BPF, /* bpf */
	[425] = ACT_IO_URING_SETUP, /* io_uring_setup */
	[428] = ACT_OPEN_TREE, /* open_tree */
	[429] = ACT_MOVE_MOUNT, /* move_mount */
	[432] = ACT_FSMOUNT, /* fsmount */
	[437] = ACT_OPENAT2, /* openat2 */
	[438] = ACT_PIDFD_GETFD, /* pidfd_getfd */
	[442] = ACT_MOUNT_SETATTR, /* mount_setattr */
	[467] = ACT_OPEN_TREE_ATTR, /* open_tree_attr */
};

static const u8 acts_compat[SYSCALLS] = {
	[101] = ACT_PORTS, /* ioperm */
	[110] = ACT_PORTS, /* iopl */
	[283] = ACT_KEXEC_LOAD, /* kexec_load */
	[4] = ACT_WRITE, /* write */
	[146] = ACT_WRITEV, /* writev */
	[181] = ACT_WRITE, /* pwrite64 */
	[187] = ACT_SENDFILE, /* sendfile */
	[239] = ACT_SENDFILE, /* sendfile64 */
	[313] = ACT_SPLICE, /* splice */
	[315] = ACT_TEE, /* tee */
	[316] = ACT_WRITEV, /* vmsplice */
	[334] = ACT_WRITEV, /* pwritev */
	[369] = ACT_WRITE, /* sendto */
	[370] = ACT_SENDFILE, /* sendmsg */
	[379] = ACT_WRITEV, /* pwritev2 */
	[5] = ACT_OPEN, /* open */
	[8] = ACT_CREAT, /* creat */
	[9] = ACT_LINK, /* link */
	[10] = ACT_UNLINK, /* unlink */
	[14] = ACT_MKNOD, /* mknod */
	[21] = ACT_MOUNT, /* mount */
	[22] = ACT_UMOUNT, /* umount */
	[26] = ACT_PTRACE, /* ptrace */
	[38] = ACT_RENAME, /* rename */
	[52] = ACT_UMOUNT, /* umount2 */
	[61] = ACT_CHROOT, /* chroot */
	[83] = ACT_SYMLINK, /* symlink */
	[92] = ACT_TRUNCATE, /* truncate */
	[102] = ACT_SOCKETCALL, /* socketcall */
	[128] = ACT_INIT_MODULE, /* init_module */
	[129] = ACT_DELETE_MODULE, /* delete_module */
	[185] = ACT_CAPSET, /* capset */
	[193] = ACT_TRUNCATE, /* truncate64 */
	[217] = ACT_PIVOT_ROOT, /* pivot_root */
	[295] = ACT_OPENAT, /* openat */
	[297] = ACT_MKNODAT, /* mknodat */
	[301] = ACT_UNLINKAT, /* unlinkat */
	[302] = ACT_RENAMEAT, /* renameat */
	[303] = ACT_LINKAT, /* linkat */
	[304] = ACT_SYMLINKAT, /* symlinkat */
	[310] = ACT_UNSHARE, /* unshare */
	[340] = ACT_PRLIMIT, /* prlimit64 */
	[342] = ACT_OPEN_BY_HANDLE_AT, /* open_by_handle_at */
	[346] = ACT_SETNS, /* setns */
	[347] = ACT_PROCESS_VM_READV, /* process_vm_readv */
	[348] = ACT_PROCESS_VM_WRITEV, /* process_vm_writev */
	[350] = ACT_FINIT_MODULE, /* finit_module */
	[353] = ACT_RENAMEAT, /* renameat2 */
	[357] = ACT_BPF, /* bpf */
	[359] = ACT_SOCKET, /* socket */
	[362] = ACT_CONNECT, /* connect */
	[425] = ACT_IO_URING_SETUP, /* io_uring_setup */
	[428] = ACT_OPEN_TREE, /* open_tree */
	[429] = ACT_MOVE_MOUNT, /* move_mount */
	[432] = ACT_FSMOUNT, /* fsmount */
	[437] = ACT_OPENAT2, /* openat2 */
	[438] = ACT_PIDFD_GETFD, /* pidfd_getfd */
	[442] = ACT_MOUNT_SETATTR, /* mount_setattr */
	[467] = ACT_OPEN_TREE_ATTR, /* open_tree_attr */
};
#elif defined(__TARGET_ARCH_arm64)
static const u8 acts_native[SYSCALLS] = {
	[104] = ACT_KEXEC_LOAD, /* kexec_load */
	[294] = ACT_KEXEC_FILE_LOAD, /* kexec_file_load */
	[64] = ACT_WRITE, /* write */
	[66] = ACT_WRITEV, /* writev */
	[68] = ACT_WRITE, /* pwrite64 */
	[70] = ACT_WRITEV, /* pwritev */
	[71] = ACT_SENDFILE, /* sendfile */
	[75] = ACT_WRITEV, /* vmsplice */
	[76] = ACT_SPLICE, /* splice */
	[77] = ACT_TEE, /* tee */
	[206] = ACT_WRITE, /* sendto */
	[211] = ACT_SENDFILE, /* sendmsg */
	[287] = ACT_WRITEV, /* pwritev2 */
	[33] = ACT_MKNODAT, /* mknodat */
	[35] = ACT_UNLINKAT, /* unlinkat */
	[36] = ACT_SYMLINKAT, /* symlinkat */
	[37] = ACT_LINKAT, /* linkat */
	[38] = ACT_RENAMEAT, /* renameat */
	[39] = ACT_UMOUNT, /* umount2 */
	[40] = ACT_MOUNT, /* mount */
	[41] = ACT_PIVOT_ROOT, /* pivot_root */
	[45] = ACT_TRUNCATE, /* truncate */
	[51] = ACT_CHROOT, /* chroot */
	[56] = ACT_OPENAT, /* openat */
	[91] = ACT_CAPSET, /* capset */
	[97] = ACT_UNSHARE, /* unshare */
	[105] = ACT_INIT_MODULE, /* init_module */
	[106] = ACT_DELETE_MODULE, /* delete_module */
	[117] = ACT_PTRACE, /* ptrace */
	[198] = ACT_SOCKET, /* socket */
	[203] = ACT_CONNECT, /* connect */
	[63] = ACT_RECEIVE, /* read */
	[202] = ACT_ACCEPT, /* accept */
	[207] = ACT_RECEIVE, /* recvfrom */
	[242] = ACT_ACCEPT, /* accept4 */
	[222] = ACT_MMAP, /* mmap */
	[261] = ACT_PRLIMIT, /* prlimit64 */
	[265] = ACT_OPEN_BY_HANDLE_AT, /* open_by_handle_at */
	[268] = ACT_SETNS, /* setns */
	[270] = ACT_PROCESS_VM_READV, /* process_vm_readv */
	[271] = ACT_PROCESS_VM_WRITEV, /* process_vm_writev */
	[273] = ACT_FINIT_MODULE, /* finit_module */
	[276] = ACT_RENAMEAT, /* renameat2 */
	[280] = ACT_BPF, /* bpf */
	[425] = ACT_IO_URING_SETUP, /* io_uring_setup */
	[428] = ACT_OPEN_TREE, /* open_tree */
	[429] = ACT_MOVE_MOUNT, /* move_mount */
	[432] = ACT_FSMOUNT, /* fsmount */
	[437] = ACT_OPENAT2, /* openat2 */
	[438] = ACT_PIDFD_GETFD, /* pidfd_getfd */
	[442] = ACT_MOUNT_SETATTR, /* mount_setattr */
	[467] = ACT_OPEN_TREE_ATTR, /* open_tree_attr */
};

static const u8 acts_compat[SYSCALLS] = {
	[347] = ACT_KEXEC_LOAD, /* kexec_load */
	[401] = ACT_KEXEC_FILE_LOAD, /* kexec_file_load */
	[4] = ACT_WRITE, /* write */
	[146] = ACT_WRITEV, /* writev */
	[181] = ACT_WRITE, /* pwrite64 */
	[187] = ACT_SENDFILE, /* sendfile */
	[239] = ACT_SENDFILE, /* sendfile64 */
	[290] = ACT_WRITE, /* sendto */
	[296] = ACT_SENDFILE, /* sendmsg */
	[340] = ACT_SPLICE, /* splice */
	[342] = ACT_TEE, /* tee */
	[343] = ACT_WRITEV, /* vmsplice */
	[362] = ACT_WRITEV, /* pwritev */
	[393] = ACT_WRITEV, /* pwritev2 */
	[5] = ACT_OPEN, /* open */
	[8] = ACT_CREAT, /* creat */
	[9] = ACT_LINK, /* link */
	[10] = ACT_UNLINK, /* unlink */
	[14] = ACT_MKNOD, /* mknod */
	[21] = ACT_MOUNT, /* mount */
	[26] = ACT_PTRACE, /* ptrace */
	[38] = ACT_RENAME, /* rename */
	[52] = ACT_UMOUNT, /* umount2 */
	[61] = ACT_CHROOT, /* chroot */
	[83] = ACT_SYMLINK, /* symlink */
	[92] = ACT_TRUNCATE, /* truncate */
	[128] = ACT_INIT_MODULE, /* init_module */
	[129] = ACT_DELETE_MODULE, /* delete_module */
	[185] = ACT_CAPSET, /* capset */
	[193] = ACT_TRUNCATE, /* truncate64 */
	[218] = ACT_PIVOT_ROOT, /* pivot_root */
	[281] = ACT_SOCKET, /* socket */
	[283] = ACT_CONNECT, /* connect */
	[322] = ACT_OPENAT, /* openat */
	[324] = ACT_MKNODAT, /* mknodat */
	[328] = ACT_UNLINKAT, /* unlinkat */
	[329] = ACT_RENAMEAT, /* renameat */
	[330] = ACT_LINKAT, /* linkat */
	[331] = ACT_SYMLINKAT, /* symlinkat */
	[337] = ACT_UNSHARE, /* unshare */
	[369] = ACT_PRLIMIT, /* prlimit64 */
	[371] = ACT_OPEN_BY_HANDLE_AT, /* open_by_handle_at */
	[375] = ACT_SETNS, /* setns */
	[376] = ACT_PROCESS_VM_READV, /* process_vm_readv */
	[377] = ACT_PROCESS_VM_WRITEV, /* process_vm_writev */
	[379] = ACT_FINIT_MODULE, /* finit_module */
	[382] = ACT_RENAMEAT, /* renameat2 */
	[386] = ACT_BPF, /* bpf */
	[425] = ACT_IO_URING_SETUP, /* io_uring_setup */
	[428] = ACT_OPEN_TREE, /* open_tree */
	[429] = ACT_MOVE_MOUNT, /* move_mount */
	[432] = ACT_FSMOUNT, /* fsmount */
	[437] = ACT_OPENAT2, /* openat2 */
	[438] = ACT_PIDFD_GETFD, /* pidfd_getfd */
	[442] = ACT_MOUNT_SETATTR, /* mount_setattr */
	[467] = ACT_OPEN_TREE_ATTR, /* open_tree_attr */
};
#endif

struct call {
	u8 act;
	bool compat;
};

/* What the call's number means in the two tables, a byte each; 0: of neither it is looked at, whoever made it. */
static __always_inline u32 acts_of(struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	/* x32 has the numbers of x86-64 with this bit set, for all that is in the table. */
	u32 number = (u32)regs->orig_ax & ~0x40000000u;
#else
	u32 number = regs->syscallno;
#endif
	if (number >= SYSCALLS)
		return 0;
	return acts_native[number] | acts_compat[number] << 8;
}

/* What the call is; act 0: not looked at. */
static __always_inline struct call call_of(u32 acts, struct task_struct *task)
{
	struct call call = {};
#if defined(__TARGET_ARCH_x86)
	call.compat = task->thread_info.status & 2; /* TS_COMPAT */
#else
	call.compat = task->thread_info.flags & (1ul << 22); /* TIF_32BIT */
#endif
	call.act = call.compat ? acts >> 8 : acts;
	return call;
}

/* The nth argument of the call, as the registers still have it when it returns. */
static __always_inline u64 argument(struct pt_regs *regs, bool compat, u32 n)
{
#if defined(__TARGET_ARCH_x86)
	if (compat) {
		switch (n) {
		case 0: return (u32)regs->bx;
		case 1: return (u32)regs->cx;
		case 2: return (u32)regs->dx;
		case 3: return (u32)regs->si;
		default: return (u32)regs->di;
		}
	}
	switch (n) {
	case 0: return regs->di;
	case 1: return regs->si;
	case 2: return regs->dx;
	case 3: return regs->r10;
	default: return regs->r8;
	}
#else
	/* regs[0] holds the result by now: the first argument is beside it. */
	u64 value = n == 0 ? regs->orig_x0 : regs->regs[n];
	return compat ? (u32)value : value;
#endif
}

/* First argument of socketcall(). */
enum { CALL_SOCKET = 1, CALL_CONNECT = 3 };

/* The nth argument of a socketcall(): from memory of the process, which may have changed it since. */
static __always_inline u32 socketcall_argument(struct pt_regs *regs, u32 n)
{
	u32 value = 0;

	bpf_probe_read_user(&value, sizeof(value), (void *)(argument(regs, true, 1) + n * sizeof(value)));
	return value;
}
