// SPDX-License-Identifier: Apache-2.0
/*
 * enter FD FILES IGNORED COMMAND [ARGUMENT ...]: enters the cgroup whose cgroup.procs FD is open for writing on, as
 * its last act before it becomes the command. No shell can stand in: theirs is not quite the
 * environment that they were given (dash drops names that are no shell names, like INPUT_NODE-VERSION).
 *
 * Sockets that reach a network are closed beforehand: whoever made them was outside of the cgroup, and
 * so would be what goes over them. Standard streams stay, and so do pipes and AF_UNIX.
 *
 * The command gets what it would have had without the agent: FILES, its soft limit of descriptors (0: as it is), and
 * IGNORED, the signals that are ignored (hexadecimal, as SigIgn in /proc/PID/status).
 *
 * Ends as a shell does when there is no such command (127) or it can't be executed (126); with 125
 * when it can't enter.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
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

static void give_back(rlim_t files, unsigned long long ignored)
{
	struct rlimit limit;

	if (files && getrlimit(RLIMIT_NOFILE, &limit) == 0 && files < limit.rlim_cur) {
		limit.rlim_cur = files;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	for (int number = 1; number <= 64; number++)
		if (ignored >> (number - 1) & 1)
			signal(number, SIG_IGN);
}

/* As a shell says it; never returns. */
static void refuse(const char *command)
{
	int err = errno, missing = err == ENOENT || err == ENOTDIR;
	struct stat found;

	if (missing && !strchr(command, '/'))
		fprintf(stderr, "%s: command not found\n", command);
	else if (err == ENOENT && stat(command, &found) == 0)
		fprintf(stderr, "%s: the program that should run it (its #! line or its loader) is not there\n", command);
	else
		fprintf(stderr, "%s: %s\n", command, strerror(err));
	exit(missing ? 127 : 126);
}

int main(int argc, char **argv)
{
	int fd;

	if (argc < 5) {
		fputs("usage: enter FD FILES IGNORED COMMAND [ARGUMENT ...]\n", stderr);
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
	give_back(strtoul(argv[2], NULL, 10), strtoull(argv[3], NULL, 16));
	execvp(argv[4], argv + 4);
	refuse(argv[4]);
}
