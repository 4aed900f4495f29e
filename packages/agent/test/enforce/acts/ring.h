// An io_uring of this process, by system calls alone.
#pragma once

#include <errno.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static int ring_fd;
static unsigned *sq_tail, *sq_array, *sq_flags, *cq_head, *cq_tail, mask;
static struct io_uring_sqe *entries;
static struct io_uring_cqe *results;
static unsigned setup_flags;

static void fail(const char *what)
{
	printf("%s: %s\n", what, strerrorname_np(errno));
	exit(1);
}

static void open_ring(unsigned flags)
{
	struct io_uring_params params = { .flags = flags, .sq_thread_idle = 2000 };
	setup_flags = flags;
	ring_fd = syscall(SYS_io_uring_setup, 8, &params);
	if (ring_fd < 0)
		fail("setup");
	char *sq = mmap(NULL, params.sq_off.array + params.sq_entries * 4, PROT_READ | PROT_WRITE, MAP_SHARED, ring_fd, IORING_OFF_SQ_RING);
	char *cq = mmap(NULL, params.cq_off.cqes + params.cq_entries * sizeof(*results), PROT_READ | PROT_WRITE, MAP_SHARED, ring_fd, IORING_OFF_CQ_RING);
	entries = mmap(NULL, params.sq_entries * sizeof(*entries), PROT_READ | PROT_WRITE, MAP_SHARED, ring_fd, IORING_OFF_SQES);
	sq_tail = (void *)(sq + params.sq_off.tail);
	sq_array = (void *)(sq + params.sq_off.array);
	sq_flags = (void *)(sq + params.sq_off.flags);
	cq_head = (void *)(cq + params.cq_off.head);
	cq_tail = (void *)(cq + params.cq_off.tail);
	mask = params.cq_entries - 1;
	results = (void *)(cq + params.cq_off.cqes);
}

// Submits requests and gives the result of each, in order of their user_data.
static void submit(const struct io_uring_sqe *requests, int count, int *outcome)
{
	unsigned tail = *sq_tail;
	for (int i = 0; i < count; i++, tail++) {
		entries[tail & 7] = requests[i];
		entries[tail & 7].user_data = i;
		sq_array[tail & 7] = tail & 7;
	}
	__atomic_store_n(sq_tail, tail, __ATOMIC_RELEASE);
	unsigned enter = IORING_ENTER_GETEVENTS | (setup_flags & IORING_SETUP_SQPOLL ? IORING_ENTER_SQ_WAKEUP : 0);
	if (syscall(SYS_io_uring_enter, ring_fd, count, count, enter, NULL, 0) < 0)
		fail("enter");
	unsigned head = *cq_head;
	for (; head != __atomic_load_n(cq_tail, __ATOMIC_ACQUIRE); head++)
		// A send without copy also says when its memory is free again.
		if (!(results[head & mask].flags & (1 << 3)))
			outcome[results[head & mask].user_data] = results[head & mask].res;
	__atomic_store_n(cq_head, head, __ATOMIC_RELEASE);
}
