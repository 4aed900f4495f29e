// SPDX-License-Identifier: Apache-2.0
/*
 * enter FD COMMAND [ARGUMENT ...]: enters the cgroup whose cgroup.procs FD is open for writing on, as
 * its last act before it becomes the command. No shell can stand in: theirs is not quite the
 * environment that they were given (dash drops names that are no shell names, like INPUT_NODE-VERSION).
 *
 * Sockets that reach a network are closed beforehand: whoever made them was outside of the cgroup, and
 * so would be what goes over them. Standard streams stay, and so do pipes and AF_UNIX.
 *
 * Ends as a shell does when there is no such command (127) or it can't be executed (126); with 125
 * when it can't enter.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void close_network_sockets(void)
{
	DIR *folder = opendir("/proc/self/fd");
	struct dirent *entry;

	while (folder && (entry = readdir(folder))) {
		int fd = atoi(entry->d_name), domain;
		socklen_t size = sizeof(domain);

		if (fd > 2 && getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain != AF_UNIX &&
		    domain != AF_NETLINK)
			close(fd);
	}
	if (folder)
		closedir(folder);
}

int main(int argc, char **argv)
{
	int fd;

	if (argc < 3) {
		fputs("usage: enter FD COMMAND [ARGUMENT ...]\n", stderr);
		return 125;
	}
	fd = atoi(argv[1]);
	if (write(fd, "0", 1) != 1) {
		fprintf(stderr, "cannot enter the cgroup: %s\n", strerror(errno));
		return 125;
	}
	close(fd);
	/* This program's own file, when it was started through a handle. */
	close(fd + 1);
	close_network_sockets();
	execvp(argv[2], argv + 2);
	if (errno == ENOENT || errno == ENOTDIR) {
		fprintf(stderr, "%s: command not found\n", argv[2]);
		return 127;
	}
	fprintf(stderr, "%s: %s\n", argv[2], strerror(errno));
	return 126;
}
