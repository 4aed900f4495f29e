// SPDX-License-Identifier: Apache-2.0
/*
 * Ends a TCP socket of another process: its calls return ECONNABORTED at once. By SOCK_DESTROY of inet_diag
 * (CONFIG_INET_DIAG_DESTROY), in the network namespace of the process.
 */
#include "addon.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A netlink socket stays in the namespace that it was made in. */
static int open_diag(uint32_t pid)
{
	char path[64];
	int own, theirs, fd = -1, err = 0;

	own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (own < 0)
		return -errno;
	snprintf(path, sizeof(path), "/proc/%u/ns/net", pid);
	theirs = open(path, O_RDONLY | O_CLOEXEC);
	/* A process that has ended leaves its sockets to send what they still have: most likely here. */
	if (theirs < 0 && errno == ENOENT)
		theirs = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (theirs < 0 || setns(theirs, CLONE_NEWNET) < 0) {
		err = errno;
	} else {
		fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
		err = errno;
		/* A thread of ours in a foreign namespace would do all that follows there. */
		if (setns(own, CLONE_NEWNET) < 0)
			abort();
	}
	if (theirs >= 0)
		close(theirs);
	close(own);
	return fd < 0 ? -err : fd;
}

static int destroy(int fd, const struct inet_diag_sockid *id, uint8_t family)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 request;
	} ask = {
		.header = { .nlmsg_len = sizeof(ask),
			    .nlmsg_type = SOCK_DESTROY,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
		.request = { .sdiag_family = family,
			     .sdiag_protocol = IPPROTO_TCP,
			     .idiag_states = 0xffffffff,
			     .id = *id },
	};
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		char more[256];
	} answer;

	/* The kernel answers before send() returns. */
	if (send(fd, &ask, sizeof(ask), 0) < 0 || recv(fd, &answer, sizeof(answer), MSG_DONTWAIT) < 0)
		return errno;
	return answer.header.nlmsg_type == NLMSG_ERROR ? -answer.error.error : EPROTO;
}

/* destroyTcpSocket(pid, source, sourcePort, destination, destinationPort, device, cookie): errno, 0 for none */
napi_value js_destroyTcpSocket(napi_env env, napi_callback_info info)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct inet_diag_sockid id = {};
	uint8_t *source, *destination;
	uint32_t pid = 0, source_port = 0, destination_port = 0;
	size_t size, other;
	uint64_t cookie = 0;
	uint8_t family = AF_INET6;
	napi_value argv[7];
	bool lossless;
	int fd, err;

	if (!arguments(env, info, 7, argv) || !bytes(env, argv[1], &source, &size) ||
	    !bytes(env, argv[3], &destination, &other))
		return NULL;
	if (size != 16 || other != 16)
		return fail(env, "cgroup", "BPF_ADDRESS", EINVAL, "16 bytes each", NULL);
	napi_get_value_uint32(env, argv[0], &pid);
	napi_get_value_uint32(env, argv[2], &source_port);
	napi_get_value_uint32(env, argv[4], &destination_port);
	napi_get_value_uint32(env, argv[5], &id.idiag_if);
	napi_get_value_bigint_uint64(env, argv[6], &cookie, &lossless);
	id.idiag_sport = htons((uint16_t)source_port);
	id.idiag_dport = htons((uint16_t)destination_port);
	id.idiag_cookie[0] = (uint32_t)cookie;
	id.idiag_cookie[1] = (uint32_t)(cookie >> 32);
	if (memcmp(destination, mapped, sizeof(mapped)) == 0) {
		family = AF_INET;
		memcpy(id.idiag_src, source + 12, 4);
		memcpy(id.idiag_dst, destination + 12, 4);
	} else {
		memcpy(id.idiag_src, source, 16);
		memcpy(id.idiag_dst, destination, 16);
	}
	fd = open_diag(pid);
	if (fd < 0)
		return number(env, -fd);
	err = destroy(fd, &id, family);
	close(fd);
	return number(env, err);
}
