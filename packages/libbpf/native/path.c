// SPDX-License-Identifier: Apache-2.0
/*
 * Files that are found and known without asking who serves their file system, who may never answer; files that one process has alone; and
 * what a file has beside its bytes.
 */
#define _GNU_SOURCE
#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

/*
 * openPath(folder, path, cached, follow): a descriptor that only names the file (O_PATH); below zero: an errno. With `cached` it is EAGAIN
 * when the kernel does not know the whole way itself.
 */
napi_value js_openPath(napi_env env, napi_callback_info info)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC };
	bool cached = false, follow = false;
	napi_value argv[4];
	int32_t folder;
	char *path;
	long fd;

	if (!arguments(env, info, 4, argv) || napi_get_value_int32(env, argv[0], &folder) != napi_ok ||
	    napi_get_value_bool(env, argv[2], &cached) != napi_ok ||
	    napi_get_value_bool(env, argv[3], &follow) != napi_ok || !(path = text(env, argv[1])))
		return NULL;
	how.flags |= follow ? 0 : O_NOFOLLOW;
	how.resolve = RESOLVE_NO_MAGICLINKS | (folder < 0 ? 0 : RESOLVE_IN_ROOT) | (cached ? RESOLVE_CACHED : 0);
	fd = syscall(SYS_openat2, folder < 0 ? AT_FDCWD : folder, path, &how, sizeof(how));
	free(path);
	return number(env, fd < 0 ? -errno : (double)fd);
}

/* Linux 6.8: a number of the mount that no other one ever gets. */
#ifndef STATX_MNT_ID_UNIQUE
#define STATX_MNT_ID_UNIQUE 0x4000U
#endif

/* keptStat(fd): `major:minor inode mode mount`, as the kernel has it without asking; undefined: it does not know. Mount 0: it numbers none for ever. */
napi_value js_keptStat(napi_env env, napi_callback_info info)
{
	struct statx stat;
	char line[96];
	napi_value value;
	int32_t fd;

	if (!arguments(env, info, 1, &value) || napi_get_value_int32(env, value, &fd) != napi_ok)
		return NULL;
	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE | STATX_INO | STATX_MNT_ID_UNIQUE,
		  &stat))
		return undefined(env);
	snprintf(line, sizeof(line), "%u:%u %llu %u %llu", stat.stx_dev_major, stat.stx_dev_minor,
		 (unsigned long long)stat.stx_ino, (unsigned)stat.stx_mode,
		 stat.stx_mask & STATX_MNT_ID_UNIQUE ? (unsigned long long)stat.stx_mnt_id : 0);
	return string(env, line);
}

/* lockFile(fd): whether this descriptor alone has the file now; until it is closed, as it is when its process ends. */
napi_value js_lockFile(napi_env env, napi_callback_info info)
{
	napi_value value, result;
	int32_t fd;

	if (!arguments(env, info, 1, &value) || napi_get_value_int32(env, value, &fd) != napi_ok)
		return NULL;
	napi_get_boolean(env, !flock(fd, LOCK_EX | LOCK_NB), &result);
	return result;
}

/* Of each file's own bytes: the kernel makes them anew. */
static bool is_hash(const char *name)
{
	return !strcmp(name, "security.ima") || !strcmp(name, "security.evm");
}

/* All extended attributes of a file, ACLs and labels among them. @returns 0 or an errno below zero */
static int copy_attributes(const char *from, int to)
{
	size_t room = 65536; /* as much as a list, or a value, ever has */
	char *names = malloc(room), *value = malloc(room);
	ssize_t count = names && value ? llistxattr(from, names, room) : -1;
	int err = count < 0 ? -errno : 0;

	/* A file system that has none. */
	if (err == -ENOTSUP)
		err = count = 0;
	for (char *name = names; !err && name < names + count; name += strlen(name) + 1) {
		ssize_t size;

		if (is_hash(name))
			continue;
		size = lgetxattr(from, name, value, room);
		if (size < 0 || fsetxattr(to, name, value, size, 0))
			err = -errno;
	}
	free(names);
	free(value);
	return err;
}

/* copyAttributes(path, fd): gives a file the extended attributes of another one, which is no link; below zero: an errno. */
napi_value js_copyAttributes(napi_env env, napi_callback_info info)
{
	napi_value argv[2];
	int32_t to;
	char *from;
	int err;

	if (!arguments(env, info, 2, argv) || napi_get_value_int32(env, argv[1], &to) != napi_ok || !(from = text(env, argv[0])))
		return NULL;
	err = copy_attributes(from, to);
	free(from);
	return number(env, err);
}
