// Ways to the network by io_uring that the program of acts has not. Prints its outcome: "ok" or an errno's name.
//   uring NAME ADDRESS PORT DATA [OTHER]
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static union {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
} to;
static socklen_t length;
static int family;
static const char *data, *other = "";

static int ring_fd;
static unsigned *sq_tail, *sq_array, *sq_flags, *cq_head, *cq_tail, mask;
static struct io_uring_sqe *entries;
static struct io_uring_cqe *results;
static unsigned setup_flags;

static int fail(const char *what)
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

static int tell(const int *outcome, int count)
{
	int failed = 0;
	for (int i = 0; i < count; i++) {
		printf("%s ", outcome[i] < 0 ? strerrorname_np(-outcome[i]) : "ok");
		failed |= outcome[i] < 0;
	}
	puts("");
	return failed;
}

static struct io_uring_sqe connect_of(int fd)
{
	return (struct io_uring_sqe){ .opcode = IORING_OP_CONNECT, .fd = fd, .addr = (unsigned long)&to, .off = length };
}

static struct io_uring_sqe send_of(int fd, int opcode)
{
	return (struct io_uring_sqe){ .opcode = opcode, .fd = fd, .addr = (unsigned long)data, .len = strlen(data), .msg_flags = MSG_NOSIGNAL };
}

// The socket, too, is made by the ring.
static int made_by_ring(void)
{
	int outcome[1] = {};
	struct io_uring_sqe make = { .opcode = IORING_OP_SOCKET, .fd = family, .off = SOCK_STREAM };
	open_ring(0);
	submit(&make, 1, outcome);
	if (outcome[0] < 0)
		return tell(outcome, 1);
	int fd = outcome[0];
	struct io_uring_sqe connect = connect_of(fd);
	submit(&connect, 1, outcome);
	if (outcome[0] < 0)
		return tell(outcome, 1);
	struct io_uring_sqe send = send_of(fd, IORING_OP_SEND);
	submit(&send, 1, outcome);
	return tell(outcome, 1);
}

// A connect and what is sent then, as one chain.
static int linked(unsigned flags)
{
	int outcome[2] = {}, fd = socket(family, SOCK_STREAM, 0);
	struct io_uring_sqe requests[2] = { connect_of(fd), send_of(fd, IORING_OP_SEND) };
	requests[0].flags = IOSQE_IO_LINK;
	open_ring(flags);
	submit(requests, 2, outcome);
	return tell(outcome, 2);
}

// A kernel thread acts in place of the process.
static int polled(void)
{
	return linked(IORING_SETUP_SQPOLL);
}

static int chained(void)
{
	return linked(0);
}

// Datagrams over a connected socket, copied and not.
static int datagram(int opcode)
{
	int outcome[2] = {}, fd = socket(family, SOCK_DGRAM, 0);
	struct io_uring_sqe connect = connect_of(fd), send = send_of(fd, opcode);
	open_ring(0);
	submit(&connect, 1, outcome);
	submit(&send, 1, outcome + 1);
	return tell(outcome, 2);
}

// Names its destination with each datagram.
static int sent_to(int opcode)
{
	int outcome[1] = {}, fd = socket(family, SOCK_DGRAM, 0);
	struct io_uring_sqe send = send_of(fd, opcode);
	send.addr2 = (unsigned long)&to;
	send.addr_len = length;
	open_ring(0);
	submit(&send, 1, outcome);
	return tell(outcome, 1);
}

// Over TCP without copying, and other bytes are put into the memory at once: what is sent again after a loss is these.
static int changed(void)
{
	static char memory[4096], answer[64];
	int outcome[1] = {}, fd = socket(family, SOCK_STREAM, 0);
	struct timeval patience = { .tv_sec = 12 };
	strncpy(memory, data, sizeof(memory) - 1);
	data = memory;
	struct io_uring_sqe send = send_of(fd, IORING_OP_SEND_ZC);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	open_ring(0);
	if (connect(fd, &to.any, length))
		fail("connect");
	submit(&send, 1, outcome);
	memcpy(memory, other, strlen(other));
	if (outcome[0] < 0)
		return tell(outcome, 1);
	// The ring's own news interrupt it.
	do
		outcome[0] = recv(fd, answer, sizeof(answer), 0) > 0 ? 0 : -errno;
	while (outcome[0] == -EINTR);
	return tell(outcome, 1);
}

// A socket of the raw kind, made by the ring.
static int raw(void)
{
	int outcome[1] = {};
	struct io_uring_sqe make = { .opcode = IORING_OP_SOCKET, .fd = family, .off = SOCK_RAW, .len = IPPROTO_UDP };
	open_ring(0);
	submit(&make, 1, outcome);
	if (outcome[0] < 0)
		return tell(outcome, 1);
	struct {
		unsigned short from, to, length, sum;
		char data[64];
	} packet = { htons(4444), to.v4.sin_port, htons(8 + strlen(data)), 0, "" };
	memcpy(packet.data, data, strlen(data));
	to.v4.sin_port = 0;
	outcome[0] = sendto(outcome[0], &packet, 8 + strlen(data), 0, &to.any, length) < 0 ? -errno : 0;
	return tell(outcome, 1);
}

int main(int argc, char **argv)
{
	if (argc < 5)
		return 2;
	family = strchr(argv[2], ':') ? AF_INET6 : AF_INET;
	to.any.sa_family = family;
	to.v4.sin_port = htons(atoi(argv[3]));
	length = family == AF_INET ? sizeof(to.v4) : sizeof(to.v6);
	inet_pton(family, argv[2], family == AF_INET ? (void *)&to.v4.sin_addr : (void *)&to.v6.sin6_addr);
	data = argv[4];
	if (argc > 5)
		other = argv[5];
	if (!strcmp(argv[1], "socket"))
		return made_by_ring();
	if (!strcmp(argv[1], "chain"))
		return chained();
	if (!strcmp(argv[1], "sqpoll"))
		return polled();
	if (!strcmp(argv[1], "datagram"))
		return datagram(IORING_OP_SEND);
	if (!strcmp(argv[1], "zero-copy"))
		return datagram(IORING_OP_SEND_ZC);
	if (!strcmp(argv[1], "send-to"))
		return sent_to(IORING_OP_SEND);
	if (!strcmp(argv[1], "zero-copy-to"))
		return sent_to(IORING_OP_SEND_ZC);
	if (!strcmp(argv[1], "raw"))
		return raw();
	if (!strcmp(argv[1], "change"))
		return changed();
	return 2;
}
