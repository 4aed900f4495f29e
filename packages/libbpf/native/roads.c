// SPDX-License-Identifier: Apache-2.0
/*
 * roads [OPTION ...]: tries the roads to root that are named, as whoever runs it, and prints a line for each
 * that is open.
 *
 *   --confined             no_new_privs is set, and no capability is left or can come back
 *   --group GID            GID is none of the groups
 *   --socket PATH          nobody answers at the unix socket PATH
 *   --read-only PATH       PATH cannot be written to
 *   --no-user-namespaces   a user namespace cannot be made
 *
 * Ends with 0 when none is open, with 1 when one is, with 125 when it could not try.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int found;

static void is_open(const char *what, const char *which)
{
	printf("%s%s\n", what, which);
	found = 1;
}

static int broken(const char *what)
{
	fprintf(stderr, "roads: %s: %s\n", what, strerror(errno));
	exit(125);
}

static void try_confined(void)
{
	char line[128];
	FILE *status = fopen("/proc/self/status", "r");

	if (!status)
		broken("/proc/self/status");
	while (fgets(line, sizeof(line), status)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "Cap", 3) == 0 && strspn(line + 7, "\t 0") != strlen(line + 7))
			is_open("capabilities are left: ", line);
	}
	fclose(status);
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		is_open("no_new_privs is not set", "");
}

static void try_group(const char *gid)
{
	static gid_t groups[65536];
	int count = getgroups(65536, groups);
	gid_t wanted = strtoul(gid, NULL, 10);

	if (count < 0)
		broken("getgroups");
	for (int i = 0; i < count; i++)
		if (groups[i] == wanted)
			is_open("it is still in group ", gid);
	if (getgid() == wanted || getegid() == wanted)
		is_open("its own group is ", gid);
}

static void try_socket(const char *path)
{
	static const int types[] = { SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM };
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		broken(path);
	}
	strcpy(address.sun_path, path);
	for (int i = 0; i < 3; i++) {
		int fd = socket(AF_UNIX, types[i] | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

		if (fd < 0)
			broken("socket");
		/* A full queue is a server that does not answer yet. */
		if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 || errno == EAGAIN)
			is_open("somebody answers at ", path);
		close(fd);
	}
}

static void try_user_namespace(void)
{
	int status;
	pid_t child = fork();

	if (child < 0)
		broken("fork");
	if (child == 0)
		_exit(unshare(CLONE_NEWUSER) == 0);
	if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
		broken("waitpid");
	if (WEXITSTATUS(status) == 1)
		is_open("user namespaces can be made", "");
}

int main(int argc, char **argv)
{
	if (geteuid() == 0 || getuid() == 0)
		is_open("it runs as root", "");
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--confined") == 0) {
			try_confined();
		} else if (strcmp(argv[i], "--no-user-namespaces") == 0) {
			try_user_namespace();
		} else if (i + 1 < argc && strcmp(argv[i], "--group") == 0) {
			try_group(argv[++i]);
		} else if (i + 1 < argc && strcmp(argv[i], "--socket") == 0) {
			try_socket(argv[++i]);
		} else if (i + 1 < argc && strcmp(argv[i], "--read-only") == 0) {
			if (faccessat(AT_FDCWD, argv[++i], W_OK, AT_EACCESS) == 0)
				is_open("it can write to ", argv[i]);
		} else {
			errno = EINVAL;
			broken(argv[i]);
		}
	}
	return found;
}
