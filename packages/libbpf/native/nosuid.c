// SPDX-License-Identifier: Apache-2.0
/*
 * For the mount namespace that descriptor NS stands for:
 *
 * nosuid NS set                      no mount is worth a setuid bit or a file capability any more
 * nosuid NS find PATH ...            prints for each path that leads to a mount `PLACE ID UNIQUE`: which path it is (0 is the first), the
 *                                    mount's number in mountinfo, and the one that no other ever gets (0 before Linux 6.8)
 * nosuid NS clear ID UNIQUE PATH ... those mounts that have these numbers are worth them again, of what the paths lead to. Prints the place
 *                                    of each that needs nothing more, because it is done or because another mount has that ID now
 *
 * mount(8) cannot do it: it sets a mount's other flags anew, too. A path is no mount: whoever may change a folder on the way makes it lead
 * to another one, so links are not followed, and what it has led to is held, compared, and then changed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Linux 6.8 */
#ifndef STATX_MNT_ID_UNIQUE
#define STATX_MNT_ID_UNIQUE 0x4000U
#endif

/* Who serves a file system below which a mount lies may never answer: then that one is not reached. */
#define PATIENCE_SECONDS 5

static int failed(const char *what)
{
	fprintf(stderr, "nosuid: %s: %s\n", what, strerror(errno));
	return 1;
}

static int set_all(void)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_NOSUID };

	if (syscall(SYS_mount_setattr, AT_FDCWD, "/", AT_RECURSIVE, &attr, sizeof(attr)))
		return failed("cannot change the mounts");
	return 0;
}

/* A descriptor of the mount that the path leads to, and its numbers; -1: it leads to none. */
static int reach(const char *path, bool cached, unsigned long long *id, unsigned long long *unique)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC | O_NOFOLLOW,
		.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | (cached ? RESOLVE_CACHED : 0),
	};
	const int flags = AT_EMPTY_PATH | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT;
	struct statx stat, kept;
	int fd = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));

	if (fd < 0)
		return -1;
	if (statx(fd, "", flags, STATX_MNT_ID, &stat) || !(stat.stx_mask & STATX_MNT_ID) ||
	    !(stat.stx_attributes & STATX_ATTR_MOUNT_ROOT) || statx(fd, "", flags, STATX_MNT_ID_UNIQUE, &kept)) {
		close(fd);
		return -1;
	}
	*id = stat.stx_mnt_id;
	*unique = kept.stx_mask & STATX_MNT_ID_UNIQUE ? kept.stx_mnt_id : 0;
	return fd;
}

static bool clear(int mount)
{
	struct mount_attr attr = { .attr_clr = MOUNT_ATTR_NOSUID };

	return !syscall(SYS_mount_setattr, mount, "", AT_EMPTY_PATH, &attr, sizeof(attr));
}

/* First those that the kernel knows the way to by itself: nobody keeps them waiting. */
static void each(char **words, int count, bool clears)
{
	int width = clears ? 3 : 1;
	bool *done = calloc(count + 1, sizeof(*done));

	for (int cached = 1; done && cached >= 0; cached--) {
		for (int i = 0; i < count / width; i++) {
			char **item = words + i * width;
			unsigned long long id, unique;
			int mount = done[i] ? -1 : reach(item[width - 1], cached, &id, &unique);

			if (mount < 0)
				continue;
			if (!clears) {
				done[i] = true;
				printf("%d %llu %llu\n", i, id, unique);
			} else if (id == strtoull(item[0], NULL, 10)) {
				done[i] = unique != strtoull(item[1], NULL, 10) || clear(mount);
				if (done[i])
					printf("%d\n", i);
			}
			close(mount);
		}
		fflush(stdout);
		alarm(PATIENCE_SECONDS);
	}
	free(done);
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[2] : "";
	bool finds = !strcmp(what, "find"), clears = !strcmp(what, "clear");

	if (!finds && !clears && (strcmp(what, "set") || argc != 3)) {
		fputs("usage: nosuid NS set | nosuid NS find PATH ... | nosuid NS clear ID UNIQUE PATH ...\n", stderr);
		return 1;
	}
	if (setns(atoi(argv[1]), CLONE_NEWNS))
		return failed("cannot join the mount namespace");
	if (!finds && !clears)
		return set_all();
	each(argv + 3, argc - 3, clears);
	return 0;
}
