// SPDX-License-Identifier: Apache-2.0
/*
 * cgroup-view FD TEXT FILE MOUNT [TYPE OPTIONS PATH ...] -- COMMAND [ARGUMENT ...]: becomes the command in the cgroup
 * namespace that FD stands for, and in a mount namespace of its own in which each PATH shows that
 * namespace's root. So a container engine makes its cgroups there and nowhere else. FILE, with that TEXT, lies in its
 * folder beside what is there: settings of the engine's. MOUNT is where the folder's file system is mounted; empty: no
 * such file.
 *
 * Mounts come and go as before, in both directions, where they are shared: only those named here are
 * the command's own.
 *
 * Ends with 125 when it can't; then the command was not run. A hierarchy of version 1 that can't be
 * mounted stays as it is: which cgroup of it a process is in decides nothing. So does a folder that the file can't be
 * put in, as where no engine is installed: the settings let engines work, they hold nobody.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int fail(const char *what, const char *where)
{
	fprintf(stderr, "runwarden: the command was not run: cannot %s%s: %s\n", what, where, strerror(errno));
	return 125;
}

/* A new mount of a file system, nowhere yet. */
static int make_mount(const char *type, char *options)
{
	int context, made = -1;
	char *name, *value;

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
out:
	close(context);
	return made;
}

static int put(int mount, const char *path)
{
	return (int)syscall(SYS_move_mount, mount, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH);
}

/*
 * Mounts the hierarchy, from the namespace's root down, over the one that is there. mount(2) refuses a file
 * system over itself.
 */
static int cover(const char *type, char *options, const char *path)
{
	int made, status;

	/* Else what comes over it would be seen outside, too. */
	if (mount(NULL, path, NULL, MS_PRIVATE, NULL))
		return -1;
	made = make_mount(type, options);
	if (made < 0)
		return -1;
	status = put(made, path);
	close(made);
	return status;
}

/* What can't be opened is nothing to anybody. */
static int copy_file(int from, int to, const char *name)
{
	int in = openat(from, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC), out = -1;
	struct stat about;
	ssize_t sent = 0;

	if (in < 0)
		return 0;
	if (!fstat(in, &about) && S_ISREG(about.st_mode)) {
		out = openat(to, name, O_WRONLY | O_CREAT | O_CLOEXEC, about.st_mode & 0777);
		do
			sent = out < 0 ? -1 : sendfile(out, in, NULL, 1 << 20);
		while (sent > 0);
	}
	close(in);
	if (out >= 0)
		close(out);
	return (int)sent;
}

/* A folder in memory, with what is in that one and the file. That one is made where only it is missing. */
static int make_folder(const char *folder, const char *name, const char *text)
{
	char options[] = "mode=0755";
	mode_t mask = umask(022);
	struct dirent *entry;
	int made = -1, file = -1;
	DIR *from;

	mkdir(folder, 0755);
	from = opendir(folder);
	if (!from)
		goto out;
	made = make_mount("tmpfs", options);
	if (made < 0)
		goto out;
	while ((entry = readdir(from)))
		if (copy_file(dirfd(from), made, entry->d_name))
			goto fail;
	file = openat(made, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (file >= 0 && dprintf(file, "%s", text) >= 0)
		goto out;
fail:
	close(made);
	made = -1;
out:
	if (file >= 0)
		close(file);
	if (from)
		closedir(from);
	umask(mask);
	return made;
}

static bool same_mount(const char *a, const char *b)
{
	struct statx one, other;

	return !statx(AT_FDCWD, a, 0, STATX_MNT_ID, &one) && !statx(AT_FDCWD, b, 0, STATX_MNT_ID, &other) &&
	       one.stx_mnt_id == other.stx_mnt_id;
}

/*
 * Puts the folder where the other one is. What is mounted on a shared mount is seen by all that share it: so the mount
 * is by itself for that moment, and takes part again afterwards in what `shared`, the same one outside, takes part in.
 */
static int cover_folder(int made, const char *folder, const char *on, int shared)
{
	/* A link may lead to another one. */
	if (!same_mount(folder, on) || mount(NULL, on, NULL, MS_PRIVATE, NULL))
		return 0;
	put(made, folder);
	/* EINVAL: nobody shares it. */
	return syscall(SYS_move_mount, shared, "", AT_FDCWD, on, MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_SET_GROUP) &&
	       errno != EINVAL;
}

int main(int argc, char **argv)
{
	int fd, shared = -1, made = -1, i = 5;
	const char *folder = NULL;

	if (argc < 7) {
		fputs("usage: cgroup-view FD TEXT FILE MOUNT [TYPE OPTIONS PATH ...] -- COMMAND [ARGUMENT ...]\n", stderr);
		return 125;
	}
	fd = atoi(argv[1]);
	if (setns(fd, CLONE_NEWCGROUP))
		return fail("join the scope's cgroup namespace", "");
	close(fd);
	/* This program's own file, which it was started through. */
	close(fd + 1);
	if (*argv[4]) {
		folder = dirname(strdup(argv[3]));
		made = make_folder(folder, basename(argv[3]), argv[2]);
		shared = open(argv[4], O_PATH | O_CLOEXEC);
	}
	if (unshare(CLONE_NEWNS))
		return fail("make a mount namespace", "");
	if (made >= 0 && shared >= 0 && cover_folder(made, folder, argv[4], shared))
		return fail("share mounts again on ", argv[4]);
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
