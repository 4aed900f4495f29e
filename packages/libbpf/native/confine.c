// SPDX-License-Identifier: Apache-2.0
/*
 * confine [OPTION ...] -- COMMAND [ARGUMENT ...]: becomes the command in a mount namespace and a user
 * namespace of its own, as root, so that the command can only lose:
 *
 *   --mask PATH            /dev/null lies over PATH: connecting to the socket there is refused
 *   --empty PATH:UID:GID   an empty folder of that owner lies over PATH
 *   --read-only PATH       nothing at PATH or below it can be changed
 *   --no-user-namespaces   nobody inside makes another user namespace
 *
 * Always: no mount is worth a setuid bit or a file capability. The user namespace knows every user and
 * group by its own number, so that nothing looks different inside, but what runs in it has no power over
 * processes outside, also of the same user: no ptrace, no /proc/PID/root, no memory, no descriptors.
 * The mount namespace belongs to the machine's own user namespace: nobody inside can undo a mount.
 * Characters cannot be put into a terminal's input (TIOCSTI, TIOCLINUX), where a shell outside reads them.
 * There is no io_uring: what it connects to is not seen.
 *
 * Ends with 125 when any of it fails; then the command was not run.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/mount.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void fail(const char *what, const char *where)
{
	fprintf(stderr, "runwarden: the command was not run, since it could not be confined: %s%s%s: %s\n", what,
		*where ? " " : "", where, strerror(errno));
	exit(125);
}

static void attribute(const char *path, unsigned long long set, unsigned flags)
{
	struct mount_attr attr = { .attr_set = set };

	if (syscall(SYS_mount_setattr, AT_FDCWD, path, flags, &attr, sizeof(attr)))
		fail("cannot change the mount", path);
}

static void mask(const char *path)
{
	/* What is gone needs no mask. */
	if (mount("/dev/null", path, NULL, MS_BIND, NULL) && errno != ENOENT)
		fail("cannot mount over", path);
}

static void read_only(const char *path)
{
	if (mount(path, path, NULL, MS_BIND | MS_REC, NULL))
		fail("cannot bind", path);
	attribute(path, MOUNT_ATTR_RDONLY, AT_RECURSIVE);
}

static void empty(char *owner)
{
	char options[64], *gid = strrchr(owner, ':'), *uid;

	if (!gid)
		errno = EINVAL, fail("--empty needs PATH:UID:GID, not", owner);
	*gid++ = '\0';
	uid = strrchr(owner, ':');
	if (!uid)
		errno = EINVAL, fail("--empty needs PATH:UID:GID, not", owner);
	*uid++ = '\0';
	snprintf(options, sizeof(options), "mode=0700,size=16m,uid=%s,gid=%s", uid, gid);
	if (mount("tmpfs", owner, "tmpfs", MS_NODEV, options) && errno != ENOENT)
		fail("cannot mount over", owner);
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		fail("cannot write", path);
	close(fd);
}

/* A process with rights outside has to write the maps: a child that waits until there is a namespace. */
static void enter_user_namespace(void)
{
	static const char *const maps[] = { "uid_map", "gid_map" };
	char path[64], go = 0;
	pid_t parent = getpid(), child;
	int ready[2], status;

	if (pipe2(ready, O_CLOEXEC))
		fail("cannot make a pipe", "");
	child = fork();
	if (child < 0)
		fail("cannot fork", "");
	if (child == 0) {
		close(ready[1]);
		if (read(ready[0], &go, 1) != 1)
			_exit(125);
		for (int i = 0; i < 2; i++) {
			snprintf(path, sizeof(path), "/proc/%d/%s", parent, maps[i]);
			put(path, "0 0 4294967295\n");
		}
		_exit(0);
	}
	close(ready[0]);
	if (unshare(CLONE_NEWUSER))
		fail("cannot make a user namespace (is user.max_user_namespaces 0?)", "");
	if (write(ready[1], &go, 1) != 1)
		fail("cannot have the user namespace's maps written", "");
	close(ready[1]);
	if (waitpid(child, &status, 0) != child || status != 0)
		exit(125);
}

/* The number of ioctl is another one for each way into the kernel. */
#define DENY_TERMINAL_INPUT(architecture, ioctl)                                              \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),              \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, architecture, 0, 6),                              \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),                \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ioctl, 0, 4),                                     \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),           \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x5412 /* TIOCSTI */, 1, 0),                      \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x541c /* TIOCLINUX */, 0, 1),                    \
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)

/* One number for all ways into the kernel, but for x32's bit. */
#define DENY_IO_URING                                                                         \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),                \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 425, 1, 0),                                       \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x40000000 | 425, 0, 1),                          \
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)

static void deny_calls(void)
{
	static struct sock_filter filter[] = {
		DENY_IO_URING,
#if defined(__x86_64__)
		DENY_TERMINAL_INPUT(AUDIT_ARCH_X86_64, 16),
		DENY_TERMINAL_INPUT(AUDIT_ARCH_X86_64, 0x40000000 | 514),
		DENY_TERMINAL_INPUT(AUDIT_ARCH_I386, 54),
#elif defined(__aarch64__)
		DENY_TERMINAL_INPUT(AUDIT_ARCH_AARCH64, 29),
		DENY_TERMINAL_INPUT(AUDIT_ARCH_ARM, 54),
#else
#error the number of ioctl on this architecture
#endif
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(*filter), filter };

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		fail("cannot install a seccomp filter", "");
}

int main(int argc, char **argv)
{
	int user_namespaces = 1, i = 1;

	if (unshare(CLONE_NEWNS))
		fail("cannot make a mount namespace", "");
	/* Nothing that is mounted or unmounted outside from now on comes in. */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		fail("cannot make the mounts private", "");
	for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--no-user-namespaces") == 0)
			user_namespaces = 0;
		else if (i + 1 < argc && strcmp(argv[i], "--mask") == 0)
			mask(argv[++i]);
		else if (i + 1 < argc && strcmp(argv[i], "--empty") == 0)
			empty(argv[++i]);
		else if (i + 1 < argc && strcmp(argv[i], "--read-only") == 0)
			read_only(argv[++i]);
		else
			errno = EINVAL, fail("no such option:", argv[i]);
	}
	if (i + 1 >= argc)
		errno = EINVAL, fail("usage: confine [OPTION ...] -- COMMAND [ARGUMENT ...]", "");
	attribute("/", MOUNT_ATTR_NOSUID, AT_RECURSIVE);
	enter_user_namespace();
	if (!user_namespaces)
		put("/proc/sys/user/max_user_namespaces", "0");
	deny_calls();
	execvp(argv[i + 1], argv + i + 1);
	fail("cannot start", argv[i + 1]);
}
