// SPDX-License-Identifier: Apache-2.0
/*
 * enter FD FILES IGNORED BYTES COMMAND [ARGUMENT ...]: enters the cgroup whose cgroup.procs FD is open for writing on, as
 * its last act before it becomes the command. No shell can stand in: theirs is not quite the
 * environment that they were given (dash drops names that are no shell names, like INPUT_NODE-VERSION).
 *
 * Sockets that reach a network are closed beforehand: whoever made them was outside of the cgroup, and
 * so would be what goes over them. Standard streams stay, and so do pipes and AF_UNIX.
 *
 * The command gets what it would have had without the agent: FILES, its soft limit of descriptors (0: as it is), and
 * IGNORED, the signals that are ignored (hexadecimal, as SigIgn in /proc/PID/status). Arguments and variables that node can't
 * hand over, since they are no UTF-8, come through the descriptor BYTES (0: there are none), each with a NUL at its end:
 * "A", the argument's number from COMMAND on, "=" and its bytes, or "E", the variable's name, "=" and its bytes.
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

/* Never returns. */
static void fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(125);
}

static void take_bytes(int fd, int words, char **command)
{
	size_t size = 0, room = 1 << 16;
	char *bytes = malloc(room);
	ssize_t got;

	while (bytes && (got = read(fd, bytes + size, room - size - 1)) > 0)
		if ((size += got) == room - 1)
			bytes = realloc(bytes, room *= 2);
	if (!bytes || got < 0)
		fail("cannot read what the command is given");
	close(fd);
	bytes[size] = 0;
	for (char *entry = bytes; entry < bytes + size; entry += strlen(entry) + 1) {
		char *value = strchr(entry, '=');
		int number = atoi(entry + 1);

		if (*entry == 'E')
			putenv(entry + 1);
		else if (value && number < words)
			command[number] = value + 1;
	}
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
	int fd, bytes;

	if (argc < 6) {
		fputs("usage: enter FD FILES IGNORED BYTES COMMAND [ARGUMENT ...]\n", stderr);
		return 125;
	}
	fd = atoi(argv[1]);
	bytes = atoi(argv[4]);
	if (bytes)
		take_bytes(bytes, argc - 5, argv + 5);
	if (write(fd, "0", 1) != 1)
		fail("cannot enter the cgroup");
	close(fd);
	/* This program's own file, when it was started through a handle. */
	close(fd + 1);
	close_network_sockets();
	give_back(strtoul(argv[2], NULL, 10), strtoull(argv[3], NULL, 16));
	execvp(argv[5], argv + 5);
	refuse(argv[5]);
}
