// SPDX-License-Identifier: Apache-2.0
/* Sockets in other network namespaces, and who is at the other end of one. */
#include "addon.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct visit {
	int namespace;
	int (*act)(void *argument);
	void *argument;
	int err;
};

/* A thread of its own: what it has entered ends with it. */
static void *visit(void *argument)
{
	struct visit *visit = argument;

	visit->err = setns(visit->namespace, CLONE_NEWNET) ? errno : visit->act(visit->argument);
	return NULL;
}

bool in_namespace(napi_env env, const char *path, int (*act)(void *argument), void *argument)
{
	struct visit there = { .act = act, .argument = argument };
	pthread_t thread;
	int err;

	there.namespace = open(path, O_RDONLY | O_CLOEXEC);
	if (there.namespace < 0) {
		fail(env, "socket", "BPF_NAMESPACE", errno, path, NULL);
		return false;
	}
	/* Not into there.err: the thread may have said its own by then. */
	err = pthread_create(&thread, NULL, visit, &there);
	if (!err) {
		pthread_join(thread, NULL);
		err = there.err;
	}
	close(there.namespace);
	if (err)
		fail(env, "socket", "BPF_BIND", err, path, NULL);
	return !err;
}

struct wanted {
	int type;
	struct sockaddr_in6 six;
	struct sockaddr_in four;
	int fd;
};

static int bind_there(void *argument)
{
	struct wanted *wanted = argument;
	bool is_six = wanted->six.sin6_family == AF_INET6;
	const struct sockaddr *address = is_six ? (void *)&wanted->six : (void *)&wanted->four;
	socklen_t length = is_six ? sizeof(wanted->six) : sizeof(wanted->four);
	int one = 1, err;

	wanted->fd = socket(address->sa_family, wanted->type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (wanted->fd < 0)
		return errno;
	/* Loopback has no address before it is up. */
	if (setsockopt(wanted->fd, is_six ? IPPROTO_IPV6 : IPPROTO_IP, is_six ? IPV6_FREEBIND : IP_FREEBIND, &one,
		       sizeof(one)))
		goto failed;
	if (is_six && setsockopt(wanted->fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)))
		goto failed;
	if (bind(wanted->fd, address, length) == 0 &&
	    (wanted->type != SOCK_STREAM || listen(wanted->fd, 1024) == 0))
		return 0;
failed:
	err = errno;
	close(wanted->fd);
	return err;
}

/* bindIn(namespace, tcp, address, port): descriptor of a bound socket (TCP: one that listens), which the caller owns */
napi_value js_bindIn(napi_env env, napi_callback_info info)
{
	struct wanted wanted = { .fd = -1 };
	char *path = NULL, *address = NULL;
	napi_value argv[4], result = NULL;
	uint32_t port = 0;
	bool tcp = false;

	if (!arguments(env, info, 4, argv) || !(path = text(env, argv[0])))
		return NULL;
	address = text(env, argv[2]);
	if (!address)
		goto out;
	napi_get_value_bool(env, argv[1], &tcp);
	napi_get_value_uint32(env, argv[3], &port);
	wanted.type = tcp ? SOCK_STREAM : SOCK_DGRAM;
	if (inet_pton(AF_INET, address, &wanted.four.sin_addr) == 1) {
		wanted.four.sin_family = AF_INET;
		wanted.four.sin_port = htons((uint16_t)port);
	} else if (inet_pton(AF_INET6, address, &wanted.six.sin6_addr) == 1) {
		wanted.six.sin6_family = AF_INET6;
		wanted.six.sin6_port = htons((uint16_t)port);
	} else {
		fail(env, "socket", "BPF_ADDRESS", EINVAL, address, NULL);
		goto out;
	}
	if (in_namespace(env, path, bind_there, &wanted))
		result = number(env, wanted.fd);
out:
	free(path);
	free(address);
	return result;
}

/* netnsCookie(fd): the kernel's number of the network namespace that a socket is in */
napi_value js_netnsCookie(napi_env env, napi_callback_info info)
{
	napi_value argv[1], result = NULL;
	socklen_t size = sizeof(uint64_t);
	uint64_t cookie = 0;
	int32_t fd = -1;

	if (!arguments(env, info, 1, argv))
		return NULL;
	napi_get_value_int32(env, argv[0], &fd);
	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size))
		return fail(env, "socket", "BPF_NAMESPACE", errno, "SO_NETNS_COOKIE", NULL);
	napi_create_bigint_uint64(env, cookie, &result);
	return result;
}

/* peerOf(fd): {pid, uid, gid} of the process that connected a Unix socket, as it was then */
napi_value js_peerOf(napi_env env, napi_callback_info info)
{
	struct ucred peer = { 0 };
	socklen_t size = sizeof(peer);
	napi_value argv[1], result;
	int32_t fd = -1;

	if (!arguments(env, info, 1, argv))
		return NULL;
	napi_get_value_int32(env, argv[0], &fd);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size))
		return fail(env, "socket", "BPF_PEER", errno, "SO_PEERCRED", NULL);
	/* Other sockets have no peer, nor has one whose process is in no namespace below this one. */
	if (peer.pid <= 0)
		return fail(env, "socket", "BPF_PEER", ENOTCONN, "SO_PEERCRED", NULL);
	napi_create_object(env, &result);
	set(env, result, "pid", number(env, peer.pid));
	set(env, result, "uid", number(env, peer.uid));
	set(env, result, "gid", number(env, peer.gid));
	return result;
}
