// Acts by io_uring with raw system calls: uring MODE ARGS…
// batch[-fixed][-linked|-apart] PATH [OTHER] | read-fixed PATH | read-silent PATH
// swapped PATH OTHER: another thread puts another file into the descriptor's place before completions are told
// open PATH | read PATH | open2 PATH | fixed PATH | silent PATH | worker PATH | unlink PATH
// rename A B | link A B | symlink TEXT PATH | socket FAMILY TYPE | silent-socket FAMILY TYPE
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct how {
	uint64_t flags, mode, resolve;
};

static int ring;
static struct io_uring_params params;
static char *sq, *cq;
static struct io_uring_sqe *entries;

static void start(int size)
{
	ring = syscall(SYS_io_uring_setup, size, &params);
	if (ring < 0) {
		perror("io_uring_setup");
		exit(2);
	}
	size_t sq_size = params.sq_off.array + params.sq_entries * 4;
	size_t cq_size = params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe);
	sq = mmap(0, sq_size, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
	cq = mmap(0, cq_size, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_CQ_RING);
	entries = mmap(0, params.sq_entries * sizeof(*entries), PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
}

// Submits what entries[0] says and returns its result.
static int submit(int wait)
{
	unsigned *tail = (void *)(sq + params.sq_off.tail);
	unsigned mask = *(unsigned *)(sq + params.sq_off.ring_mask);
	((unsigned *)(sq + params.sq_off.array))[*tail & mask] = 0;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring, 1, wait, IORING_ENTER_GETEVENTS, 0, 0) < 0) {
		perror("io_uring_enter");
		exit(2);
	}
	if (!wait)
		return 0;
	unsigned *head = (void *)(cq + params.cq_off.head);
	struct io_uring_cqe *done = (void *)(cq + params.cq_off.cqes);
	int result = done[*head & *(unsigned *)(cq + params.cq_off.ring_mask)].res;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return result;
}

static int register_slots(void)
{
	int slots[2] = { -1, -1 };
	return syscall(SYS_io_uring_register, ring, IORING_REGISTER_FILES, slots, 2);
}

// Opens, closes again, and opens `other` if there is one, all in one call. `link` is what is between: nothing, a link from each to
// the next, or a request that does nothing before each, so that all are submitted before one is done.
static int batch(const char *path, const char *other, int fixed, const char *link)
{
	int lowest = dup(0), n = 0, count = other ? 3 : 2;
	close(lowest);
	for (int i = 0; i < count; i++) {
		if (!strcmp(link, "apart"))
			entries[n++] = (struct io_uring_sqe){ .opcode = IORING_OP_NOP, .flags = IOSQE_IO_LINK };
		struct io_uring_sqe *e = &entries[n++];
		*e = (struct io_uring_sqe){ .opcode = i == 1 ? IORING_OP_CLOSE : IORING_OP_OPENAT, .file_index = fixed };
		e->fd = i != 1 ? AT_FDCWD : fixed ? 0 : lowest;
		e->addr = i == 1 ? 0 : (uintptr_t)(i ? other : path);
		if (!strcmp(link, "linked") && i < count - 1)
			e->flags = IOSQE_IO_LINK;
	}
	unsigned *tail = (void *)(sq + params.sq_off.tail);
	unsigned mask = *(unsigned *)(sq + params.sq_off.ring_mask);
	for (int i = 0; i < n; i++)
		((unsigned *)(sq + params.sq_off.array))[(*tail + i) & mask] = i;
	__atomic_store_n(tail, *tail + n, __ATOMIC_RELEASE);
	// Into the kernel's cache of names: what is not there is opened by a thread of the kernel's.
	access(path, R_OK);
	if (syscall(SYS_io_uring_enter, ring, n, n, IORING_ENTER_GETEVENTS, 0, 0) < 0)
		return -1;
	struct io_uring_cqe *done = (void *)(cq + params.cq_off.cqes);
	for (int i = 0; i < n; i++)
		if (done[i].res < 0)
			return -1;
	return 0;
}

static volatile char content[64];
static int decoy, place;

static void *swap(void *unused)
{
	while (!content[0])
		;
	dup2(decoy, place);
	return unused;
}

// Opens and reads in one call, with so many requests behind it that there is time to put `other` in the file's place.
static int swapped(const char *path, const char *other)
{
	decoy = open(other, O_RDONLY);
	place = dup(decoy);
	close(place);
	access(path, R_OK);
	int n = params.sq_entries - 2;
	entries[0] = (struct io_uring_sqe){ .opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = (uintptr_t)path };
	entries[1] = (struct io_uring_sqe){ .opcode = IORING_OP_READ, .fd = place, .addr = (uintptr_t)content, .len = sizeof(content) };
	for (int i = 2; i < n; i++)
		entries[i] = (struct io_uring_sqe){ .opcode = IORING_OP_CLOSE, .fd = 100000 + i };
	for (int i = 0; i < n; i++)
		((unsigned *)(sq + params.sq_off.array))[i] = i;
	pthread_t thread;
	if (pthread_create(&thread, 0, swap, 0))
		return -1;
	__atomic_store_n((unsigned *)(sq + params.sq_off.tail), n, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring, n, 0, 0, 0, 0) < 0 || !content[0])
		return -1;
	return pthread_join(thread, 0);
}

int main(int count, char **args)
{
	const char *mode = args[1], *a = args[2], *b = count > 3 ? args[3] : 0;
	static struct how how = { .flags = O_WRONLY | O_CREAT, .mode = 0644 };
	int wait = 1;
	start(!strcmp(mode, "swapped") ? 32768 : 8);
	if (!strcmp(mode, "swapped"))
		return swapped(a, b) < 0;
	if (!strncmp(mode, "batch", 5)) {
		int fixed = !!strstr(mode, "fixed");
		if (fixed && register_slots())
			return 3;
		return batch(a, b, fixed, strstr(mode, "apart") ? "apart" : strstr(mode, "linked") ? "linked" : "") < 0;
	}
	struct io_uring_sqe *e = &entries[0];
	memset(e, 0, sizeof(*e));
	e->fd = AT_FDCWD;
	e->addr = (uintptr_t)a;
	if (!strncmp(mode, "read", 4)) {
		e->opcode = IORING_OP_OPENAT;
		e->open_flags = O_RDONLY;
		if (!strcmp(mode, "read-fixed")) {
			if (register_slots())
				return 3;
			e->file_index = 1;
		}
		if (!strcmp(mode, "read-silent")) {
			e->flags = IOSQE_CQE_SKIP_SUCCESS;
			wait = 0;
		}
	} else if (!strcmp(mode, "open2")) {
		e->opcode = IORING_OP_OPENAT2;
		e->addr2 = (uintptr_t)&how;
		e->len = sizeof(how);
	} else if (!strcmp(mode, "unlink")) {
		e->opcode = IORING_OP_UNLINKAT;
	} else if (!strcmp(mode, "rename")) {
		e->opcode = IORING_OP_RENAMEAT;
		e->len = AT_FDCWD;
		e->addr2 = (uintptr_t)b;
	} else if (!strcmp(mode, "link")) {
		e->opcode = IORING_OP_LINKAT;
		e->len = AT_FDCWD;
		e->addr2 = (uintptr_t)b;
	} else if (!strcmp(mode, "symlink")) {
		e->opcode = IORING_OP_SYMLINKAT;
		e->addr2 = (uintptr_t)b;
	} else if (!strcmp(mode, "socket") || !strcmp(mode, "silent-socket")) {
		e->opcode = IORING_OP_SOCKET;
		e->fd = atoi(a);
		e->addr = 0;
		e->off = b ? atoi(b) : 0;
		e->len = e->off == SOCK_RAW ? IPPROTO_RAW : 0;
		if (!strcmp(mode, "silent-socket")) {
			e->flags = IOSQE_CQE_SKIP_SUCCESS;
			wait = 0;
		}
	} else {
		e->opcode = IORING_OP_OPENAT;
		e->open_flags = O_WRONLY | O_CREAT;
		e->len = 0644;
		if (!strcmp(mode, "worker"))
			e->flags = IOSQE_ASYNC;
		if (!strcmp(mode, "silent")) {
			e->flags = IOSQE_CQE_SKIP_SUCCESS;
			wait = 0;
		}
		if (!strcmp(mode, "fixed")) {
			if (register_slots())
				return 3;
			e->file_index = 1;
		}
	}
	int result = submit(wait);
	if (result < 0)
		fprintf(stderr, "%s: %s\n", mode, strerror(-result));
	return result < 0;
}
