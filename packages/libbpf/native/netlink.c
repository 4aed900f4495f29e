// SPDX-License-Identifier: Apache-2.0
/* What the kernel tells of a network namespace: netlink sockets that listen to its groups. */
#include "addon.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { GROUPS_MAX = 8, QUEUE_BYTES = 1 << 20, PASSED_MAX = 4096 };

struct listener {
	int protocol, fd;
	uint32_t count, groups[GROUPS_MAX];
};

static int listen_there(void *argument)
{
	struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	struct listener *listener = argument;
	int bytes = QUEUE_BYTES, err;
	uint32_t i;

	listener->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, listener->protocol);
	if (listener->fd < 0)
		return errno;
	/* What comes at once must have room; it takes none before. */
	if (setsockopt(listener->fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) ||
	    bind(listener->fd, (void *)&any, sizeof(any)))
		goto failed;
	for (i = 0; i < listener->count; i++)
		if (setsockopt(listener->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &listener->groups[i], sizeof(uint32_t)))
			goto failed;
	return 0;
failed:
	err = errno;
	close(listener->fd);
	return err;
}

/* netlinkIn(namespace, protocol, groups): descriptor of a socket that listens to them, which the caller owns */
napi_value js_netlinkIn(napi_env env, napi_callback_info info)
{
	struct listener listener = { .fd = -1 };
	napi_value argv[3], group, result = NULL;
	char *path = NULL;
	uint32_t i;

	if (!arguments(env, info, 3, argv) || !(path = text(env, argv[0])))
		return NULL;
	napi_get_value_int32(env, argv[1], &listener.protocol);
	napi_get_array_length(env, argv[2], &listener.count);
	if (listener.count > GROUPS_MAX) {
		fail(env, "socket", "BPF_BIND", E2BIG, path, NULL);
		goto out;
	}
	for (i = 0; i < listener.count; i++) {
		napi_get_element(env, argv[2], i, &group);
		napi_get_value_uint32(env, group, &listener.groups[i]);
	}
	if (in_namespace(env, path, listen_there, &listener))
		result = number(env, listener.fd);
out:
	free(path);
	return result;
}

/*
 * netlinkRead(fd, buffer): bytes of the next datagram of the kernel, 0 when none waits. Others can send to groups, too: what is
 * not the kernel's is passed over. ENOBUFS: some found no room in the queue.
 */
napi_value js_netlinkRead(napi_env env, napi_callback_info info)
{
	struct sockaddr_nl from;
	socklen_t size;
	napi_value argv[2];
	size_t room = 0;
	int32_t fd = -1;
	ssize_t bytes = -1;
	void *data;
	int i;

	if (!arguments(env, info, 2, argv))
		return NULL;
	napi_get_value_int32(env, argv[0], &fd);
	if (napi_get_buffer_info(env, argv[1], &data, &room) != napi_ok)
		return fail(env, "socket", "BPF_NETLINK", EINVAL, "buffer", NULL);
	/* Who sends without end keeps nobody here: more than are in the queue. */
	for (i = 0; i < PASSED_MAX; i++) {
		size = sizeof(from);
		bytes = recvfrom(fd, data, room, MSG_TRUNC, (void *)&from, &size);
		if (bytes < 0 || !from.nl_pid)
			break;
	}
	if (i == PASSED_MAX)
		return number(env, 0);
	if (bytes < 0 && errno != EAGAIN)
		return fail(env, "socket", "BPF_NETLINK", errno, "recvfrom", NULL);
	if (bytes > (ssize_t)room)
		return fail(env, "socket", "BPF_NETLINK", EMSGSIZE, "recvfrom", NULL);
	return number(env, bytes < 0 ? 0 : (double)bytes);
}
