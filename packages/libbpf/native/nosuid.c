// SPDX-License-Identifier: Apache-2.0
/*
 * nosuid FD set              no mount of the mount namespace that FD stands for is worth a setuid bit or a
 *                            file capability any more
 * nosuid FD clear PATH ...   the mounts at these paths are worth them again
 *
 * mount(8) cannot do it: it sets a mount's other flags anew, too. Ends with 1 when it can't, or not for
 * every PATH that is there.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int failed(const char *what)
{
	fprintf(stderr, "nosuid: %s: %s\n", what, strerror(errno));
	return 1;
}

int main(int argc, char **argv)
{
	struct mount_attr attr = { 0 };
	int set = argc == 3 && strcmp(argv[2], "set") == 0, status = 0;

	if (!set && (argc < 3 || strcmp(argv[2], "clear") != 0)) {
		fputs("usage: nosuid FD set | nosuid FD clear PATH ...\n", stderr);
		return 1;
	}
	if (setns(atoi(argv[1]), CLONE_NEWNS))
		return failed("cannot join the mount namespace");
	if (set) {
		attr.attr_set = MOUNT_ATTR_NOSUID;
		if (syscall(SYS_mount_setattr, AT_FDCWD, "/", AT_RECURSIVE, &attr, sizeof(attr)))
			return failed("cannot change the mounts");
		return 0;
	}
	attr.attr_clr = MOUNT_ATTR_NOSUID;
	for (int i = 3; i < argc; i++)
		/* What was unmounted meanwhile needs nothing. */
		if (syscall(SYS_mount_setattr, AT_FDCWD, argv[i], 0, &attr, sizeof(attr)) && errno != ENOENT && errno != EINVAL)
			status = failed(argv[i]);
	return status;
}
