// One act that changes a sandbox, by its name: sandbox ACT [ARG…]. Mounts are made in a mount namespace of its own.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int nothing(void *unused)
{
	return 0;
}

static char stack[65536] __attribute__((aligned(16)));
static char secret[8] = "secret";

// A child that sleeps until it is killed.
static pid_t child(void)
{
	pid_t pid = fork();
	if (pid == 0)
		for (;;)
			pause();
	return pid;
}

static void *wait_here(void *unused)
{
	for (;;)
		pause();
}

// One with a second thread.
static pid_t threaded_child(void)
{
	pid_t pid = fork();
	pthread_t thread;
	if (pid == 0) {
		pthread_create(&thread, 0, wait_here, 0);
		wait_here(0);
	}
	return pid;
}

// The second thread, once it is there.
static pid_t thread_of(pid_t pid)
{
	char path[64];
	sprintf(path, "/proc/%d/task", pid);
	for (;;) {
		DIR *tasks = opendir(path);
		for (struct dirent *one; (one = readdir(tasks));)
			if (atoi(one->d_name) > 0 && atoi(one->d_name) != pid)
				return atoi(one->d_name);
		closedir(tasks);
	}
}

static void finish(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, 0, __WALL);
}

static void own_mounts(void)
{
	if (unshare(CLONE_NEWNS) || mount(0, "/", 0, MS_REC | MS_PRIVATE, 0))
		exit(3);
}

// Another name of /proc/PID/FILE, mostly by a mount in this folder.
static const char *way_to(const char *way, pid_t pid, const char *file, char *path, char *from)
{
	own_mounts();
	mkdir("p", 0755);
	sprintf(from, "/proc/%d/%s", pid, file);
	sprintf(path, "p/%d/%s", pid, file);
	if (!strcmp(way, "mounted")) {
		if (mount("proc", "p", "proc", 0, 0))
			exit(5);
	} else if (!strcmp(way, "bound")) {
		if (mount("/proc", "p", 0, MS_BIND, 0))
			exit(5);
	} else if (!strcmp(way, "process")) {
		sprintf(from, "/proc/%d", pid);
		sprintf(path, "p/%s", file);
		if (mount(from, "p", 0, MS_BIND, 0))
			exit(5);
	} else if (!strcmp(way, "file")) {
		strcpy(path, "p/config");
		close(open(path, O_CREAT, 0644));
		if (mount(from, path, 0, MS_BIND, 0))
			exit(5);
	} else if (!strcmp(way, "thread")) {
		sprintf(path, "/proc/%d/task/%d/%s", pid, thread_of(pid), file);
	} else if (!strcmp(way, "thread-alone")) {
		sprintf(path, "/proc/%d/%s", thread_of(pid), file);
	} else if (!strcmp(way, "nowhere")) {
		int fs = syscall(SYS_fsopen, "proc", 0);
		if (syscall(SYS_fsconfig, fs, 6 /* FSCONFIG_CMD_CREATE */, 0, 0, 0) || fchdir(syscall(SYS_fsmount, fs, 0, 0)))
			exit(5);
		sprintf(path, "%d/%s", pid, file);
	}
	return path;
}

static int listen_at(const char *path, struct sockaddr_un *at)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	at->sun_family = AF_UNIX;
	strcpy(at->sun_path, path);
	return bind(fd, (void *)at, sizeof(*at)) || listen(fd, 1) ? -1 : socket(AF_UNIX, SOCK_STREAM, 0);
}

#if defined(__x86_64__)
// A 32-bit program's socketcall(SYS_CONNECT, {fd, address, length}).
static int connect32(int fd, const struct sockaddr_un *to)
{
	unsigned *low = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	long result = 102;
	memcpy(low + 16, to, sizeof(*to));
	low[0] = fd;
	low[1] = (unsigned)(uintptr_t)(low + 16);
	low[2] = sizeof(*to);
	asm volatile("int $0x80" : "+a"(result) : "b"(3), "c"(low) : "r8", "r9", "r10", "r11", "memory");
	return (int)result;
}
#endif

// Its child, which has the same table of files, is moved to another cgroup and makes a socket there.
static int share(const char *cgroup)
{
	volatile int *moved = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char path[4096], text[4096] = "", number[16];
	int fd, status, type;
	socklen_t size = sizeof(type);
	pid_t pid = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);

	if (!pid) {
		moved[1] = 1;
		while (!*moved)
			;
		syscall(SYS_socket, AF_INET, SOCK_DGRAM, 0);
		_exit(0);
	}
	snprintf(number, sizeof(number), "%d", pid);
	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	while (!moved[1])
		usleep(1000);
	// Whoever moves it is ended.
	if (!fork())
		_exit(write(open(path, O_WRONLY), number, strlen(number)) < 0);
	snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
	while (!strstr(text, strrchr(cgroup, '/'))) {
		fd = open(path, O_RDONLY);
		memset(text, 0, sizeof(text));
		read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	*moved = 1;
	waitpid(pid, &status, 0);
	for (fd = 3; fd < 16 && getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size); fd++)
		;
	printf("%s %s\n", WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "lives", fd < 16 ? "a socket" : "none");
	return 0;
}

int main(int count, char **args)
{
	const char *act = args[1], *a = count > 2 ? args[2] : "", *b = count > 3 ? args[3] : "";
	long result = 0;
	pid_t pid = 0;
	if (!strcmp(act, "share"))
		return share(a);
	if (!strcmp(act, "unshare")) {
		result = unshare(CLONE_NEWUTS | CLONE_NEWNET);
	} else if (!strcmp(act, "setns")) {
		result = setns(open("/proc/self/ns/uts", O_RDONLY), 0);
	} else if (!strcmp(act, "clone")) {
		pid = clone(nothing, stack + sizeof(stack), CLONE_NEWIPC | CLONE_NEWPID | SIGCHLD, 0);
		waitpid(pid, 0, 0);
	} else if (!strcmp(act, "mount")) {
		own_mounts();
		result = mount("tmpfs", a, "tmpfs", 0, 0);
	} else if (!strcmp(act, "bind")) {
		own_mounts();
		result = mount(a, b, "none", MS_BIND, 0);
	} else if (!strcmp(act, "overlay")) {
		own_mounts();
		result = mount("none", a, "overlay", 0, b);
	} else if (!strcmp(act, "open_tree_attr")) {
		result = syscall(467, AT_FDCWD, a, 1 /* OPEN_TREE_CLONE */, 0, 0) < 0;
	} else if (!strcmp(act, "kexec")) {
		syscall(SYS_kexec_load, 0, 0, 0, 0xdead0);
		result = 0;
#ifdef __x86_64__
	} else if (!strcmp(act, "iopl")) {
		result = syscall(SYS_iopl, 0);
#endif
	} else if (!strcmp(act, "umount")) {
		own_mounts();
		mount("tmpfs", a, "tmpfs", 0, 0);
		result = umount2(a, MNT_DETACH);
	} else if (!strcmp(act, "move_mount")) {
		own_mounts();
		mount("tmpfs", a, "tmpfs", 0, 0);
		result = syscall(SYS_move_mount, AT_FDCWD, a, AT_FDCWD, b, 0);
	} else if (!strcmp(act, "chroot")) {
		result = chroot(a);
	} else if (!strcmp(act, "pivot_root")) {
		own_mounts();
		mount("tmpfs", a, "tmpfs", 0, 0);
		chdir(a);
		mkdir("old", 0700);
		result = syscall(SYS_pivot_root, ".", "old");
	} else if (!strcmp(act, "attach") || !strcmp(act, "seize")) {
		pid = child();
		result = ptrace(*act == 'a' ? PTRACE_ATTACH : PTRACE_SEIZE, pid, 0, 0);
		finish(pid);
	} else if (!strcmp(act, "readv") || !strcmp(act, "writev")) {
		char copy[8] = "other";
		struct iovec local = { copy, 8 }, remote = { secret, 8 };
		pid = child();
		result = *act == 'r' ? process_vm_readv(pid, &local, 1, &remote, 1, 0) :
				       process_vm_writev(pid, &local, 1, &remote, 1, 0);
		finish(pid);
	} else if (!strcmp(act, "getfd")) {
		pid = child();
		int pidfd = syscall(SYS_pidfd_open, pid, 0);
		result = syscall(SYS_pidfd_getfd, pidfd, 0, 0);
		finish(pid);
	} else if (!strcmp(act, "limit")) {
		struct rlimit64 limit;
		prlimit64(0, RLIMIT_CORE, 0, &limit);
		pid = child();
		result = prlimit64(pid, RLIMIT_CORE, &limit, 0);
		finish(pid);
	} else if (!strcmp(act, "abort")) {
		prctl(PR_SET_NAME, a);
		pid = child();
		result = kill(pid, SIGABRT);
		finish(pid);
	} else if (!strcmp(act, "mem")) {
		char path[64];
		pid = child();
		sprintf(path, "/proc/%d/%s", pid, a);
		result = open(path, O_RDONLY);
		finish(pid);
	} else if (!strcmp(act, "memby")) {
		char path[64], from[64];
		pid = threaded_child();
		result = open(way_to(b, pid, a, path, from), O_RDONLY);
		finish(pid);
	} else if (!strcmp(act, "code")) {
		// A child of this name has its memory file alone, and is there until somebody has looked; `b` says who opens it how.
		char path[64];
		int file = memfd_create("doublemapper", MFD_CLOEXEC);
		prctl(PR_SET_NAME, a);
		pid = child();
		if (strcmp(b, "own"))
			prctl(PR_SET_NAME, "other");
		sprintf(path, "/proc/%d/fd/%d", strcmp(b, "own") ? pid : getpid(), file);
		if (strcmp(b, "own"))
			close(file);
		else
			finish(pid);
		result = open(path, strcmp(b, "read") ? O_RDWR : O_RDONLY);
		usleep(300000);
		if (strcmp(b, "own"))
			finish(pid);
	} else if (!strcmp(act, "init_module")) {
		result = syscall(SYS_init_module, secret, 8L, "");
	} else if (!strcmp(act, "finit_module")) {
		result = syscall(SYS_finit_module, open(a, O_RDONLY), "", 0);
	} else if (!strcmp(act, "delete_module")) {
		result = syscall(SYS_delete_module, "runwarden_none", 0);
	} else if (!strcmp(act, "bpf")) {
		union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1 };
		result = syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
	} else if (!strcmp(act, "connect")) {
		struct sockaddr_un at = {};
		int fd = listen_at(a, &at);
		result = connect(fd, (void *)&at, sizeof(at));
#if defined(__x86_64__)
	} else if (!strcmp(act, "connect32")) {
		struct sockaddr_un at = {};
		int fd = listen_at(a, &at);
		result = connect32(fd, &at);
#endif
	} else if (!strcmp(act, "capset")) {
		unsigned header[2] = { 0x20080522, 0 };
		unsigned data[6] = { 1, 1, 0, 0, 0, 0 };
		result = syscall(SYS_capset, header, data);
	} else {
		return 4;
	}
	// The process acted upon, or itself, for the test to compare.
	printf("%d\n", pid ? pid : getpid());
	return result < 0 && errno != ENOEXEC && errno != EPERM && errno != ENOENT ? 1 : 0;
}
