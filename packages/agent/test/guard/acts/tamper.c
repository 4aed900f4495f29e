// One act against another process or the kernel, and how it went: tamper ACT [PID]
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef IORING_OP_SOCKET
#define IORING_OP_SOCKET 45
#endif

// A program of the type, that does nothing.
static long load(int type)
{
	struct bpf_insn code[] = { { .code = 0xb7 }, { .code = 0x95 } };
	union bpf_attr attr = { .prog_type = type, .insn_cnt = 2, .insns = (unsigned long)code,
				.license = (unsigned long)"GPL" };
	return syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
}

// socket(AF_VSOCK, SOCK_STREAM) by io_uring: its result.
static long uring_socket(void)
{
	struct io_uring_params params = {};
	int ring = syscall(SYS_io_uring_setup, 4, &params);
	char *rings = mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
	struct io_uring_sqe *sqe = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
	struct io_uring_cqe *cqe = (void *)(rings + params.cq_off.cqes);

	sqe->opcode = IORING_OP_SOCKET;
	sqe->fd = AF_VSOCK;
	sqe->off = SOCK_STREAM;
	*(unsigned *)(rings + params.sq_off.array) = 0;
	*(unsigned *)(rings + params.sq_off.tail) = 1;
	syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, 0, 0);
	errno = cqe->res < 0 ? -cqe->res : 0;
	return cqe->res < 0 ? -1 : 0;
}

int main(int count, char **args)
{
	const char *act = args[1];
	pid_t pid = count > 2 ? atoi(args[2]) : 0;
	char byte[8] = {};
	struct iovec local = { byte, 1 }, remote = { (void *)main, 1 };
	struct rlimit limit = { 1, 1 };
	struct sched_param priority = {};
	long result = -1;

	if (!strcmp(act, "ptrace"))
		result = ptrace(PTRACE_SEIZE, pid, 0, 0);
	else if (!strcmp(act, "write"))
		result = process_vm_writev(pid, &local, 1, &remote, 1, 0);
	else if (!strcmp(act, "getfd"))
		result = syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, pid, 0), 0, 0);
	else if (!strcmp(act, "limit"))
		result = prlimit(pid, RLIMIT_CPU, &limit, 0);
	else if (!strcmp(act, "scheduler"))
		result = sched_setscheduler(pid, SCHED_IDLE, &priority);
	else if (!strcmp(act, "vsock"))
		result = socket(AF_VSOCK, SOCK_STREAM, 0);
	else if (!strcmp(act, "uring-vsock"))
		result = uring_socket();
	else if (!strcmp(act, "kprobe"))
		result = load(BPF_PROG_TYPE_KPROBE);
	else if (!strcmp(act, "cls"))
		result = load(BPF_PROG_TYPE_SCHED_CLS);
	else if (!strcmp(act, "xdp"))
		result = load(BPF_PROG_TYPE_XDP);
	else if (!strcmp(act, "lwt"))
		result = load(BPF_PROG_TYPE_LWT_XMIT);
	else if (!strcmp(act, "filter"))
		result = load(BPF_PROG_TYPE_SOCKET_FILTER);
	else if (!strcmp(act, "memory"))
		result = open("/dev/mem", O_RDWR);
	printf("%s\n", result < 0 ? strerror(errno) : "done");
	return 0;
}
