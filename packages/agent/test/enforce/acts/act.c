// One network act, for what tools can't do. Prints its outcome: "ok", "ok REPLY", or an errno's name.
//   act NAME ADDRESS PORT [ARGUMENT]
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/sockios.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include "ring.h"

static union {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
} to;
static socklen_t length;
static int family;
static const char *argument = "";

static int end(long result)
{
	if (result < 0)
		printf("%s\n", strerrorname_np(errno));
	else
		puts("ok");
	return 0;
}

static int opened(int type, int protocol)
{
	int fd = socket(family, type, protocol);
	// Long enough for a busy machine; an act that runs into it is a failed test.
	struct timeval patience = { .tv_sec = 5 };
	if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	}
	return fd;
}

static int tell_reply(int fd)
{
	char reply[2048];
	long size = recv(fd, reply, sizeof(reply) - 1, 0);
	if (size < 0)
		return end(size);
	reply[size] = 0;
	printf("ok %s\n", reply);
	return 0;
}

static void tell_address(const struct sockaddr *from)
{
	char text[INET6_ADDRSTRLEN];
	if (from->sa_family == AF_INET) {
		const struct sockaddr_in *v4 = (const void *)from;
		printf(" %s %d", inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text)), ntohs(v4->sin_port));
	} else {
		const struct sockaddr_in6 *v6 = (const void *)from;
		printf(" %s %d", inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text)), ntohs(v6->sin6_port));
	}
}

static int tcp(void)
{
	int fd = opened(SOCK_STREAM, 0);
	return end(fd < 0 ? fd : connect(fd, &to.any, length));
}

static int tcp_of(int protocol)
{
	int fd = opened(SOCK_STREAM, protocol);
	return end(fd < 0 ? fd : connect(fd, &to.any, length));
}

static int mptcp(void)
{
	return tcp_of(262);
}

static int sctp(void)
{
	return tcp_of(IPPROTO_SCTP);
}

static int tcp_send(void)
{
	int fd = opened(SOCK_STREAM, 0);
	if (fd < 0 || connect(fd, &to.any, length))
		return end(-1);
	return end(send(fd, argument, strlen(argument), MSG_NOSIGNAL));
}

static int tcp_fast_open(void)
{
	int fd = opened(SOCK_STREAM, 0);
	return end(fd < 0 ? fd : sendto(fd, "data", 4, MSG_FASTOPEN | MSG_NOSIGNAL, &to.any, length));
}

// From the port ARGUMENT.
static int tcp_bound(void)
{
	int fd = opened(SOCK_STREAM, 0);
	struct sockaddr_in6 local = { .sin6_family = family };
	local.sin6_port = htons(atoi(argument));
	if (fd < 0 || bind(fd, (void *)&local, length))
		return end(-1);
	return end(connect(fd, &to.any, length));
}

static int udp_connect(void)
{
	int fd = opened(SOCK_DGRAM, 0);
	if (fd < 0 || connect(fd, &to.any, length))
		return end(-1);
	return end(send(fd, "data", 4, 0));
}

static int udp_sendto(void)
{
	int fd = opened(SOCK_DGRAM, 0);
	return end(fd < 0 ? fd : sendto(fd, "data", 4, 0, &to.any, length));
}

static int udp_lite(void)
{
	int fd = opened(SOCK_DGRAM, IPPROTO_UDPLITE);
	return end(fd < 0 ? fd : sendto(fd, "data", 4, 0, &to.any, length));
}

static struct iovec data = { .iov_base = "data", .iov_len = 4 };

static int udp_sendmsg(void)
{
	int fd = opened(SOCK_DGRAM, 0);
	struct msghdr message = { .msg_name = &to, .msg_namelen = length, .msg_iov = &data, .msg_iovlen = 1 };
	return end(fd < 0 ? fd : sendmsg(fd, &message, 0));
}

static int udp_sendmmsg(void)
{
	int fd = opened(SOCK_DGRAM, 0);
	struct mmsghdr messages[2] = {
		{ .msg_hdr = { .msg_name = &to, .msg_namelen = length, .msg_iov = &data, .msg_iovlen = 1 } },
		{ .msg_hdr = { .msg_name = &to, .msg_namelen = length, .msg_iov = &data, .msg_iovlen = 1 } },
	};
	return end(fd < 0 ? fd : sendmmsg(fd, messages, 2, 0));
}

// An IPv6 socket that names its destination by an IPv4 address.
static int udp_v4_on_v6(void)
{
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);
	return end(fd < 0 ? fd : sendto(fd, "data", 4, 0, &to.any, length));
}

// Asks and tells who the answer comes from; ARGUMENT connected, or unconnected.
static int udp_ask(void)
{
	char reply[2048];
	struct sockaddr_storage from = {};
	socklen_t size = sizeof(from);
	int fd = opened(SOCK_DGRAM, 0);
	long count;

	if (fd < 0)
		return end(-1);
	if (!strcmp(argument, "connected") ? connect(fd, &to.any, length) || send(fd, "question", 8, 0) < 0 :
					     sendto(fd, "question", 8, 0, &to.any, length) < 0)
		return end(-1);
	count = recvfrom(fd, reply, sizeof(reply) - 1, 0, (void *)&from, &size);
	if (count < 0)
		return end(count);
	reply[count] = 0;
	printf("ok %s from", reply);
	tell_address((void *)&from);
	if (!strcmp(argument, "connected")) {
		size = sizeof(from);
		getpeername(fd, (void *)&from, &size);
		printf(" peer");
		tell_address((void *)&from);
	}
	puts("");
	return 0;
}

static int tcp_ask(void)
{
	char reply[2048];
	struct sockaddr_storage from = {};
	socklen_t size = sizeof(from);
	int fd = opened(SOCK_STREAM, 0);
	long count;

	if (fd < 0 || connect(fd, &to.any, length) || send(fd, "question", 8, MSG_NOSIGNAL) < 0)
		return end(-1);
	count = recv(fd, reply, sizeof(reply) - 1, 0);
	if (count < 0)
		return end(count);
	reply[count] = 0;
	getpeername(fd, (void *)&from, &size);
	printf("ok %s peer", reply);
	tell_address((void *)&from);
	puts("");
	return 0;
}

// One socket: a datagram to ADDRESS PORT, then one to ADDRESS and the port ARGUMENT; both outcomes.
static int udp_two(void)
{
	int fd = opened(SOCK_DGRAM, 0);
	const char *first = sendto(fd, "one", 3, 0, &to.any, length) < 0 ? strerrorname_np(errno) : "ok";
	to.v4.sin_port = htons(atoi(argument));
	const char *second = sendto(fd, "two", 3, 0, &to.any, length) < 0 ? strerrorname_np(errno) : "ok";
	printf("%s %s\n", first, second);
	return 0;
}

// Keeps a flow: a line of input sends a datagram or a TCP segment, and its outcome is told.
static int keep(int type)
{
	char line[64];
	int fd = opened(type, 0);
	if (fd < 0 || connect(fd, &to.any, length))
		return end(-1);
	puts("open");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		if (send(fd, line, strlen(line), MSG_NOSIGNAL) < 0)
			end(-1);
		else
			tell_reply(fd);
		fflush(stdout);
	}
	return 0;
}

static int tcp_keep(void)
{
	return keep(SOCK_STREAM);
}

static int udp_keep(void)
{
	return keep(SOCK_DGRAM);
}

static int ping(void)
{
	unsigned char echo[8] = { family == AF_INET ? 8 : 128 };
	int fd = opened(SOCK_DGRAM, family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);
	return end(fd < 0 ? fd : sendto(fd, echo, sizeof(echo), 0, &to.any, length));
}

static int raw(void)
{
	struct udphdr datagram = { .source = htons(5), .dest = to.v4.sin_port, .len = htons(8) };
	int fd = opened(SOCK_RAW, IPPROTO_UDP);
	to.v4.sin_port = 0;
	return end(fd < 0 ? fd : sendto(fd, &datagram, sizeof(datagram), 0, &to.any, length));
}

static long send_header(int fd, int fragment)
{
	struct {
		struct iphdr ip;
		struct udphdr udp;
	} packet = {
		.ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP, .id = htons(77),
			.frag_off = htons(fragment), .daddr = to.v4.sin_addr.s_addr },
		.udp = { .source = htons(5), .dest = to.v4.sin_port, .len = htons(8) },
	};
	packet.ip.tot_len = htons(sizeof(packet));
	return sendto(fd, &packet, sizeof(packet), 0, &to.any, length);
}

static int raw_header(void)
{
	int fd = opened(SOCK_RAW, IPPROTO_RAW);
	return end(fd < 0 ? fd : send_header(fd, 0));
}

// A later fragment, written by hand.
static int fragment(void)
{
	int fd = opened(SOCK_RAW, IPPROTO_RAW);
	return end(fd < 0 ? fd : send_header(fd, 100));
}

// A datagram that the kernel must cut in pieces.
static int udp_large(void)
{
	static char large[8000];
	int fd = opened(SOCK_DGRAM, 0);
	return end(fd < 0 ? fd : sendto(fd, large, sizeof(large), 0, &to.any, length));
}

// By way of ADDRESS to the address ARGUMENT.
static int source_route(void)
{
	unsigned char route[12] = { 131, 11, 4 };
	int fd = opened(SOCK_DGRAM, 0);
	memcpy(route + 3, &to.v4.sin_addr, 4);
	inet_pton(AF_INET, argument, route + 7);
	inet_pton(AF_INET, argument, &to.v4.sin_addr);
	if (fd < 0 || setsockopt(fd, IPPROTO_IP, IP_OPTIONS, route, sizeof(route)))
		return end(-1);
	return end(sendto(fd, "data", 4, 0, &to.any, length));
}

// With a header of destination options in front.
static int destination_options(void)
{
	unsigned char options[8] = { 0, 0, 1, 4 };
	int fd = opened(SOCK_DGRAM, 0);
	if (fd < 0 || setsockopt(fd, IPPROTO_IPV6, IPV6_DSTOPTS, options, sizeof(options)))
		return end(-1);
	return end(sendto(fd, "data", 4, 0, &to.any, length));
}

// Sockets of other families: the family in PORT.
static int other_family(void)
{
	int fd = socket(ntohs(to.v4.sin_port), argument[0] == 'd' ? SOCK_DGRAM : argument[0] == 's' ? SOCK_STREAM : SOCK_RAW, 0);
	return end(fd);
}

// A whole frame to the broadcast address of the interface with index ARGUMENT, past the IP layer.
static int packet(void)
{
	struct sockaddr_ll link = { .sll_family = AF_PACKET, .sll_protocol = htons(0x0800),
				    .sll_ifindex = atoi(argument), .sll_halen = 6 };
	struct {
		struct iphdr ip;
		struct udphdr udp;
	} packet = {
		.ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP, .daddr = to.v4.sin_addr.s_addr },
		.udp = { .source = htons(5), .dest = to.v4.sin_port, .len = htons(8) },
	};
	int fd = socket(AF_PACKET, SOCK_DGRAM, 0);
	memset(link.sll_addr, 0xff, 6);
	packet.ip.tot_len = htons(sizeof(packet));
	return end(fd < 0 ? fd : sendto(fd, &packet, sizeof(packet), 0, (void *)&link, sizeof(link)));
}

// A packet socket by the old name, with IPv4's.
static int packet_old(void)
{
	return end(socket(AF_INET, SOCK_PACKET, htons(0x0800)));
}

#if defined(__x86_64__)
// By a 32-bit program's socketcall(SYS_SOCKET, {AF_PACKET, SOCK_DGRAM, 0}).
static int packet_socketcall(void)
{
	unsigned int *arguments = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	long fd = 102;
	arguments[0] = AF_PACKET;
	arguments[1] = SOCK_DGRAM;
	asm volatile("int $0x80" : "+a"(fd) : "b"(1), "c"(arguments) : "r8", "r9", "r10", "r11", "memory");
	errno = -fd;
	return end((int)fd < 0 ? -1 : 0);
}
#endif

// One request to a new ring.
static int ring(struct io_uring_sqe *request)
{
	int result;
	open_ring(0);
	submit(request, 1, &result);
	errno = -result;
	return end(result < 0 ? -1 : 0);
}

static int uring_connect(void)
{
	struct io_uring_sqe request = { .opcode = IORING_OP_CONNECT, .fd = opened(SOCK_STREAM, 0), .addr = (unsigned long)&to, .off = length };
	return ring(&request);
}

static int uring_send(void)
{
	struct msghdr message = { .msg_name = &to, .msg_namelen = length, .msg_iov = &data, .msg_iovlen = 1 };
	struct io_uring_sqe request = { .opcode = IORING_OP_SENDMSG, .fd = opened(SOCK_DGRAM, 0), .addr = (unsigned long)&message, .len = 1 };
	return ring(&request);
}

static int uring_packet(void)
{
	struct io_uring_sqe request = { .opcode = IORING_OP_SOCKET, .fd = AF_PACKET, .off = SOCK_DGRAM };
	return ring(&request);
}

// The same of a request that reports nothing when it succeeds.
static int uring_packet_silent(void)
{
	open_ring(0);
	entries[0] = (struct io_uring_sqe){ .opcode = IORING_OP_SOCKET, .fd = AF_PACKET, .off = SOCK_DGRAM, .flags = IOSQE_CQE_SKIP_SUCCESS };
	entries[1] = (struct io_uring_sqe){ .opcode = IORING_OP_NOP };
	sq_array[0] = 0;
	sq_array[1] = 1;
	__atomic_store_n(sq_tail, 2, __ATOMIC_RELEASE);
	long taken = syscall(SYS_io_uring_enter, ring_fd, 2, 1, IORING_ENTER_GETEVENTS, NULL, 0);
	return taken == 2 && *cq_tail == 1 ? end(0) : (puts("told"), 1);
}

// Listens on PORT, says so, and tells the peer's data.
static int serve(void)
{
	int one = 1;
	int fd = opened(SOCK_STREAM, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, &to.any, length) || listen(fd, 5))
		return end(-1);
	puts("open");
	fflush(stdout);
	int peer = accept(fd, NULL, NULL);
	return peer < 0 ? end(peer) : tell_reply(peer);
}

// ARGUMENT connects (or datagrams, with `u` in front) as fast as it goes; tells how many failed how.
static int storm(void)
{
	int datagrams = argument[0] == 'u';
	int count = atoi(argument + datagrams), failed = 0, last = 0;
	int fd = datagrams ? opened(SOCK_DGRAM, 0) : -1;

	for (int i = 0; i < count; i++) {
		long result;
		if (datagrams) {
			result = sendto(fd, "data", 4, 0, &to.any, length);
		} else {
			fd = socket(family, SOCK_STREAM, 0);
			result = connect(fd, &to.any, length);
		}
		if (result < 0) {
			failed++;
			last = errno;
		}
		if (!datagrams)
			close(fd);
	}
	printf("%d %s\n", failed, failed ? strerrorname_np(last) : "ok");
	return 0;
}

// One connect to each of ARGUMENT ports, from PORT on.
static int sweep(void)
{
	int failed = 0, first = ntohs(to.v4.sin_port);
	for (int i = 0; i < atoi(argument); i++) {
		int fd = socket(family, SOCK_STREAM, 0);
		to.v4.sin_port = htons(first + i);
		failed += connect(fd, &to.any, length) < 0 && errno == EPERM;
		close(fd);
	}
	printf("%d\n", failed);
	return 0;
}

static unsigned long cookie_of(int fd)
{
	unsigned long cookie = 0;
	socklen_t size = sizeof(cookie);

	getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size);
	return cookie;
}

// Another socket whose flows have the same seats: see flow_set() in bpf/include/flow_table.h.
static int beside(int fd)
{
	for (;;) {
		int other = socket(family, SOCK_STREAM, 0);
		if (other < 0 || !((cookie_of(other) ^ cookie_of(fd)) & ((1 << 14) - 1)))
			return other;
		close(other);
	}
}

static const unsigned char *crowd_says;
static long crowd_size;

// Four other connections have just sent something: all seats are in use.
static void crowd(int fd)
{
	int others[4];

	for (int i = 0; i < 4; i++) {
		others[i] = beside(fd);
		connect(others[i], &to.any, length);
	}
	for (int i = 0; i < 12; i++)
		send(others[i % 4], crowd_says, crowd_size, MSG_NOSIGNAL);
}

// Four connects that send nothing have taken all seats.
static void evict(int fd)
{
	usleep(50000);
	for (int i = 0; i < 4; i++) {
		struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
		int other = beside(fd);
		bind(other, (struct sockaddr *)&here, sizeof(here));
		connect(other, &to.any, length);
		close(other);
	}
}

static void run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static double microseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e6 + now.tv_nsec / 1e3;
}

static struct {
	volatile int ready;
	int fd, wait;
	struct sockaddr_in other;
} rival;

static void *take_seat(void *unused)
{
	double since;

	run_on(1);
	rival.ready = 1;
	while (rival.ready != 2)
		;
	since = microseconds();
	while (microseconds() - since < rival.wait)
		;
	connect(rival.fd, (struct sockaddr *)&rival.other, sizeof(rival.other));
	return unused;
}

// A request of a denied Host, long enough to be read for a while, and meanwhile a connect to ARGUMENT takes its seat: 12 times,
// a little later each time.
static int race(void)
{
	static char head[8000] = "POST / HTTP/1.1\r\n", reply[100];

	while (strlen(head) < 6900)
		strcat(head, "X: ............................................................................................\r\n");
	strcat(head, "Host: evil.example.net\r\n\r\n");
	rival.other = to.v4;
	inet_pton(AF_INET, argument, &rival.other.sin_addr);
	run_on(0);
	for (int try = 0; try < 12; try++) {
		int fd = opened(SOCK_STREAM, 0), others[3];
		struct timeval patience = { .tv_usec = 500000 };
		pthread_t thread;

		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		if (connect(fd, &to.any, length))
			return end(-1);
		for (int i = 0; i < 3; i++) {
			others[i] = beside(fd);
			connect(others[i], (struct sockaddr *)&rival.other, sizeof(rival.other));
		}
		rival.fd = beside(fd);
		fcntl(rival.fd, F_SETFL, O_NONBLOCK);
		rival.wait = 2 + try * 12;
		rival.ready = 0;
		usleep(50000);
		pthread_create(&thread, NULL, take_seat, NULL);
		while (rival.ready != 1)
			;
		usleep(2000);
		rival.ready = 2;
		send(fd, head, strlen(head), MSG_NOSIGNAL);
		pthread_join(thread, NULL);
		// Until it is ended: what was dropped is sent again, in pieces, and the first of them may be answered.
		while (recv(fd, reply, sizeof(reply), 0) > 0)
			;
		close(fd);
		close(rival.fd);
		for (int i = 0; i < 3; i++)
			close(others[i]);
	}
	return end(0);
}

// Keeps a connection: a line of input, hexadecimal, is sent as one segment, and its echo waited for.
static int hex_keep(void)
{
	static unsigned char data[65536];
	static char line[2 * sizeof(data)];
	int fd = opened(SOCK_STREAM, 0);
	if (fd < 0 || connect(fd, &to.any, length))
		return end(-1);
	puts("open");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		long size = 0, echoed = 0, more = 0;
		const char *from = strchr(line, ':') ? strchr(line, ':') + 1 : line;
		if (!strncmp(line, "again", 5)) {
			struct sockaddr none = { .sa_family = AF_UNSPEC };
			end(connect(fd, &none, sizeof(none)) || connect(fd, &to.any, length) ? -1 : 0);
			fflush(stdout);
			continue;
		}
		for (const char *at = from; *at > ' '; at += 2)
			sscanf(at, "%2hhx", &data[size++]);
		if (!strncmp(line, "crowd:", 6))
			crowd(fd);
		else if (!strncmp(line, "evict:", 6))
			evict(fd);
		if (!crowd_says) {
			crowd_says = memcpy(malloc(size), data, size);
			crowd_size = size;
		}
		if (send(fd, data, size, MSG_NOSIGNAL) == size)
			while (echoed < size && (more = recv(fd, data, sizeof(data), 0)) > 0)
				echoed += more;
		end(echoed == size ? 0 : -1);
		fflush(stdout);
	}
	return 0;
}

// ARGUMENT (hexadecimal) as data of the SYN where the kernel has a cookie for it, else behind it; waits for the echo.
static int fast_open(void)
{
	static unsigned char data[65536];
	long size = 0;
	int fd = opened(SOCK_STREAM, 0);

	for (const char *at = argument; *at; at += 2)
		sscanf(at, "%2hhx", &data[size++]);
	if (fd < 0 || sendto(fd, data, size, MSG_FASTOPEN | MSG_NOSIGNAL, &to.any, length) < 0)
		return end(-1);
	return end(recv(fd, data, sizeof(data), 0) < 0 ? -1 : 0);
}

// Sends from pages that stay the sender's: `sendfile`, `splice` or `zero-copy`.
static long send_shared(int fd, const char *how, const void *part, long size)
{
	int file = memfd_create("part", 0), ends[2], one = 1;
	struct iovec all = { .iov_len = size };
	off_t at = 0;
	void *pages;

	if (write(file, part, size) != size)
		return -1;
	all.iov_base = pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (!strcmp(how, "sendfile"))
		return sendfile(fd, file, &at, size);
	if (!strcmp(how, "splice"))
		return pipe(ends) || vmsplice(ends[1], &all, 1, 0) < 0 ? -1 : splice(ends[0], NULL, fd, NULL, size, 0);
	if (setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &one, sizeof(one)))
		return -1;
	return send(fd, pages, size, MSG_NOSIGNAL | MSG_ZEROCOPY);
}

// Sends each part of ARGUMENT (hexadecimal, `,` between) as a segment of its own, and waits until all was echoed. With
// `HOW:` in front, the last part is sent so: see send_shared. `urgent-first:`, `urgent-last:`: it ends in an urgent byte (MSG_OOB).
static int segments(void)
{
	static unsigned char part[65536];
	int one = 1, fd = opened(SOCK_STREAM, 0);
	const char *colon = strchr(argument, ':'), *at = colon ? colon + 1 : argument;
	const char *how = colon ? strndup(argument, colon - argument) : NULL;
	long sent = 0, echoed = 0, size, taken_out = 0;

	if (fd < 0 || connect(fd, &to.any, length))
		return end(-1);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	for (;;) {
		for (size = 0; *at && *at != ','; at += 2)
			sscanf(at, "%2hhx", &part[size++]);
		int urgent = how && !strcmp(how, !*at ? "urgent-last" : sent ? "" : "urgent-first") ? MSG_OOB : 0;
		int shared = how && !*at && strncmp(how, "urgent", 6);
		if ((shared ? send_shared(fd, how, part, size) : send(fd, part, size, MSG_NOSIGNAL | urgent)) < 0)
			return end(-1);
		sent += size;
		taken_out += urgent != 0;
		if (!*at++)
			break;
		// The peer has all of it: the next part is a segment of its own. What was refused never gets there.
		for (int left = 1; left;) {
			struct pollfd ended = { .fd = fd };
			if (ioctl(fd, SIOCOUTQ, &left) || (poll(&ended, 1, 1) > 0 && ended.revents & (POLLERR | POLLHUP)))
				break;
		}
	}
	struct timeval patience = { .tv_sec = 30 };
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	while (echoed < sent - taken_out && (size = recv(fd, part, sizeof(part), 0)) > 0)
		echoed += size;
	return end(size < 0 ? -1 : 0);
}

static const struct {
	const char *name;
	int (*act)(void);
} acts[] = {
	{ "tcp", tcp },
	{ "mptcp", mptcp },
	{ "sctp", sctp },
	{ "tcp-send", tcp_send },
	{ "tcp-fast-open", tcp_fast_open },
	{ "tcp-bound", tcp_bound },
	{ "tcp-ask", tcp_ask },
	{ "tcp-keep", tcp_keep },
	{ "segments", segments },
	{ "fast-open", fast_open },
	{ "hex-keep", hex_keep },
	{ "race", race },
	{ "udp-connect", udp_connect },
	{ "udp-sendto", udp_sendto },
	{ "udp-sendmsg", udp_sendmsg },
	{ "udp-sendmmsg", udp_sendmmsg },
	{ "udp-v4-on-v6", udp_v4_on_v6 },
	{ "udp-ask", udp_ask },
	{ "udp-two", udp_two },
	{ "udp-keep", udp_keep },
	{ "udp-large", udp_large },
	{ "udplite", udp_lite },
	{ "ping", ping },
	{ "raw", raw },
	{ "raw-header", raw_header },
	{ "fragment", fragment },
	{ "source-route", source_route },
	{ "destination-options", destination_options },
	{ "family", other_family },
	{ "packet", packet },
	{ "packet-old", packet_old },
#if defined(__x86_64__)
	{ "packet-socketcall", packet_socketcall },
#endif
	{ "uring-connect", uring_connect },
	{ "uring-send", uring_send },
	{ "uring-packet", uring_packet },
	{ "uring-packet-silent", uring_packet_silent },
	{ "serve", serve },
	{ "storm", storm },
	{ "sweep", sweep },
};

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	family = strchr(argv[2], ':') ? AF_INET6 : AF_INET;
	to.any.sa_family = family;
	to.v4.sin_port = htons(atoi(argv[3]));
	length = family == AF_INET ? sizeof(to.v4) : sizeof(to.v6);
	if (inet_pton(family, argv[2], family == AF_INET ? (void *)&to.v4.sin_addr : (void *)&to.v6.sin6_addr) != 1)
		return 2;
	if (argc > 4)
		argument = argv[4];
	for (unsigned i = 0; i < sizeof(acts) / sizeof(*acts); i++)
		if (!strcmp(argv[1], acts[i].name))
			return acts[i].act();
	return 2;
}
