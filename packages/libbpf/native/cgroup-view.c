// SPDX-License-Identifier: Apache-2.0
/*
 * cgroup-view FD [TYPE OPTIONS PATH ...] -- COMMAND [ARGUMENT ...]: becomes the command in the cgroup
 * namespace that FD stands for, and in a mount namespace of its own in which each PATH shows that
 * namespace's root. So a container engine makes its cgroups there and nowhere else.
 *
 * Mounts come and go as before, in both directions, where they are shared: only those named here are
 * the command's own.
 *
 * Ends with 125 when it can't; then the command was not run. A hierarchy of version 1 that can't be
 * mounted stays as it is: which cgroup of it a process is in decides nothing.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

static int fail(const char *what, const char *where)
{
	fprintf(stderr, "runwarden: the command was not run: cannot %s%s: %s\n", what, where, strerror(errno));
	return 125;
}

/*
 * Mounts the hierarchy, from the namespace's root down, over the one that is there. mount(2) refuses a file
 * system over itself.
 */
static int cover(const char *type, char *options, const char *path)
{
	int context = -1, made = -1, status = -1;
	char *name, *value;

	/* Else what comes over it would be seen outside, too. */
	if (mount(NULL, path, NULL, MS_PRIVATE, NULL))
		return -1;
	context = (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
	if (context < 0)
		return -1;
	while ((name = strsep(&options, ","))) {
		value = strchr(name, '=');
		if (value)
			*value++ = '\0';
		if (*name && syscall(SYS_fsconfig, context, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, name, value, 0))
			goto out;
	}
	if (syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		goto out;
	made = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC,
			    MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	if (made >= 0)
		status = (int)syscall(SYS_move_mount, made, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH);
out:
	if (made >= 0)
		close(made);
	close(context);
	return status;
}

int main(int argc, char **argv)
{
	int fd, i = 2;

	if (argc < 4) {
		fputs("usage: cgroup-view FD [TYPE OPTIONS PATH ...] -- COMMAND [ARGUMENT ...]\n", stderr);
		return 125;
	}
	fd = atoi(argv[1]);
	if (setns(fd, CLONE_NEWCGROUP))
		return fail("join the scope's cgroup namespace", "");
	close(fd);
	/* This program's own file, which it was started through. */
	close(fd + 1);
	if (unshare(CLONE_NEWNS))
		return fail("make a mount namespace", "");
	for (; i + 2 < argc && strcmp(argv[i], "--") != 0; i += 3) {
		const char *type = argv[i], *path = argv[i + 2];
		char *options = argv[i + 1];

		if (cover(type, options, path) && strcmp(type, "cgroup2") == 0)
			return fail("mount the scope's cgroup on ", path);
	}
	if (i + 1 >= argc || strcmp(argv[i], "--") != 0) {
		fputs("cgroup-view: no command\n", stderr);
		return 125;
	}
	execvp(argv[i + 1], argv + i + 1);
	return fail("start ", argv[i + 1]);
}
