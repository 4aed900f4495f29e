// Ways to the network by io_uring that the program of acts has not. Prints its outcome: "ok" or an errno's name.
//   uring NAME ADDRESS PORT DATA [OTHER]
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "../../../../agent/test/enforce/acts/ring.h"

static union {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
} to;
static socklen_t length;
static int family;
static const char *data, *other = "";

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
