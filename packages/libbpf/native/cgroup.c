// SPDX-License-Identifier: Apache-2.0
/* Children that are born inside a cgroup: one makes a TCP connect there, one a cgroup namespace. */
#include "addon.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
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

/*
 * A child in the cgroup; 0 in the child, in which only system calls may be made. Negative: none, and the error is thrown.
 * No exit signal (nobody else waits for it) and no signal handler of ours in it.
 */
static pid_t fork_into(napi_env env, const char *path)
{
	struct clone_args clone = { .flags = CLONE_INTO_CGROUP };
	sigset_t all, before;
	pid_t child = -1;
	int fd, err;

	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		fail(env, "cgroup", "BPF_CGROUP", errno, path, NULL);
		return -1;
	}
	clone.cgroup = (uint64_t)fd;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	child = (pid_t)syscall(SYS_clone3, &clone, sizeof(clone));
	if (child == 0)
		return 0;
	err = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	close(fd);
	if (child < 0)
		fail(env, "cgroup", "BPF_CGROUP", err, path, NULL);
	return child;
}

static bool reap(pid_t child, int *status)
{
	while (waitpid(child, status, __WALL) < 0) {
		if (errno != EINTR)
			return false;
	}
	return WIFEXITED(*status);
}

/* connectFromCgroup(cgroup, address, port): errno of the connect, 0 for none */
napi_value js_connectFromCgroup(napi_env env, napi_callback_info info)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	struct sockaddr_in four = { .sin_family = AF_INET };
	const struct sockaddr *address = NULL;
	char *path = NULL, *wanted = NULL;
	socklen_t length = 0;
	uint32_t port = 0;
	napi_value argv[3], result = NULL;
	int status = 0;
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
	child = fork_into(env, path);
	if (child == 0)
		connect_and_exit(address, length);
	if (child < 0)
		goto out;
	if (reap(child, &status))
		result = number(env, WEXITSTATUS(status));
	else
		fail(env, "cgroup", "BPF_CGROUP", ECHILD, path, NULL);
out:
	free(path);
	free(wanted);
	return result;
}

/* Says by one byte that the namespace is made (0) or why not, and stays until the other end is closed. */
static void unshare_and_wait(const int ready[2], const int hold[2])
{
	char err = syscall(SYS_unshare, CLONE_NEWCGROUP) < 0 ? (char)errno : 0;

	syscall(SYS_close, hold[1]);
	syscall(SYS_write, ready[1], &err, 1);
	syscall(SYS_read, hold[0], &err, 1);
	for (;;)
		syscall(SYS_exit_group, 0);
}

/* cgroupNamespace(cgroup): a descriptor of a new cgroup namespace whose root the cgroup is; the caller closes it */
napi_value js_cgroupNamespace(napi_env env, napi_callback_info info)
{
	int ready[2] = { -1, -1 }, hold[2] = { -1, -1 }, fd = -1, err = ECHILD, status;
	char *path, name[64], said = 0;
	napi_value argv[1];
	pid_t child = -1;

	if (!arguments(env, info, 1, argv) || !(path = text(env, argv[0])))
		return NULL;
	if (pipe2(ready, O_CLOEXEC) || pipe2(hold, O_CLOEXEC)) {
		err = errno;
		goto out;
	}
	child = fork_into(env, path);
	if (child == 0)
		unshare_and_wait(ready, hold);
	if (child < 0)
		goto out;
	close(ready[1]);
	ready[1] = -1;
	while (read(ready[0], &said, 1) < 0 && errno == EINTR)
		;
	err = said;
	if (!err) {
		snprintf(name, sizeof(name), "/proc/%d/ns/cgroup", child);
		fd = open(name, O_RDONLY | O_CLOEXEC);
		err = errno;
	}
	close(hold[1]);
	hold[1] = -1;
	reap(child, &status);
out:
	for (int i = 0; i < 2; i++) {
		if (ready[i] >= 0)
			close(ready[i]);
		if (hold[i] >= 0)
			close(hold[i]);
	}
	/* Of a child that could not be made the error is thrown already. */
	if (fd < 0 && (child > 0 || ready[0] < 0 || hold[0] < 0))
		fail(env, "cgroup", "BPF_CGROUP", err, path, NULL);
	free(path);
	return fd < 0 ? NULL : number(env, fd);
}
