// SPDX-License-Identifier: Apache-2.0
/* A child that is born inside a cgroup and makes one TCP connect there. */
#include "addon.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Only system calls here: the child is a fork of one thread of many. */
static void connect_and_exit(const struct sockaddr *address, socklen_t length)
{
	long err = 0;
	int fd;

	fd = (int)syscall(SYS_socket, address->sa_family,
			  SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || syscall(SYS_connect, fd, address, length) < 0)
		err = errno;
	if (err == EINPROGRESS)
		err = 0;
	for (;;)
		syscall(SYS_exit_group, err);
}

/* connectFromCgroup(cgroup, address, port): errno of the connect, 0 for none */
napi_value js_connectFromCgroup(napi_env env, napi_callback_info info)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	struct sockaddr_in four = { .sin_family = AF_INET };
	struct clone_args clone = { .flags = CLONE_INTO_CGROUP };
	const struct sockaddr *address = NULL;
	char *path = NULL, *wanted = NULL;
	sigset_t all, before;
	socklen_t length = 0;
	uint32_t port = 0;
	napi_value argv[3], result = NULL;
	int status = 0, fd, err;
	pid_t child;

	if (!arguments(env, info, 3, argv) || !(path = text(env, argv[0])))
		return NULL;
	wanted = text(env, argv[1]);
	if (!wanted)
		goto out;
	napi_get_value_uint32(env, argv[2], &port);
	six.sin6_port = four.sin_port = htons((uint16_t)port);
	if (inet_pton(AF_INET, wanted, &four.sin_addr) == 1) {
		address = (struct sockaddr *)&four;
		length = sizeof(four);
	} else if (inet_pton(AF_INET6, wanted, &six.sin6_addr) == 1) {
		address = (struct sockaddr *)&six;
		length = sizeof(six);
	} else {
		fail(env, "cgroup", "BPF_ADDRESS", EINVAL, wanted, NULL);
		goto out;
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		fail(env, "cgroup", "BPF_CGROUP", errno, path, NULL);
		goto out;
	}
	clone.cgroup = (uint64_t)fd;
	/* No exit signal (nobody else waits for it) and no signal handler of ours in the child. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	child = (pid_t)syscall(SYS_clone3, &clone, sizeof(clone));
	if (child == 0)
		connect_and_exit(address, length);
	err = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	close(fd);
	if (child < 0) {
		fail(env, "cgroup", "BPF_CGROUP", err, path, NULL);
		goto out;
	}
	while (waitpid(child, &status, __WALL) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status))
		result = number(env, WEXITSTATUS(status));
	else
		fail(env, "cgroup", "BPF_CGROUP", ECHILD, path, NULL);
out:
	free(path);
	free(wanted);
	return result;
}
