// Ways out of a cgroup, each followed by a connect from there: leave WAY CGROUP ADDRESS PORT
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void reach(const char *address, const char *port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(atoi(port)) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	inet_pton(AF_INET, address, &to.sin_addr);
	if (!connect(fd, (void *)&to, sizeof(to)))
		write(fd, "out\n", 4);
}

static int enter(const char *cgroup, pid_t pid)
{
	char path[4096], text[32];
	int fd, size = snprintf(text, sizeof(text), "%d", pid);

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	fd = open(path, O_WRONLY);
	return fd < 0 || write(fd, text, size) != size ? errno : 0;
}

static char **arguments;
static volatile int *moved;

static void await_text(const char *path, const char *wanted)
{
	char text[4096] = "";

	while (!strstr(text, wanted)) {
		int fd = open(path, O_RDONLY);

		memset(text, 0, sizeof(text));
		read(fd, text, sizeof(text) - 1);
		close(fd);
	}
}

/* Of a process whose leader has ended. */
static void *leave(void *unused)
{
	await_text("/proc/self/stat", ") Z ");
	exit(enter(arguments[2], getpid()) ?: (reach(arguments[3], arguments[4]), 0));
}

/* Makes no system call before it runs another program, which forks. */
static void *run(void *unused)
{
	moved[1] = 1;
	while (!*moved)
		;
	execl("/proc/self/exe", "leave", "forks", arguments[2], arguments[3], arguments[4], NULL);
	exit(errno);
}

int main(int count, char **args)
{
	const char *way = args[1], *cgroup = args[2];
	int error = 0, status = 0, ready[2];
	pid_t pid = 0;
	pthread_t thread;
	char byte, path[64];

	arguments = args;
	moved = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!strcmp(way, "self")) {
		pid = fork();
		if (!pid) {
			error = enter(cgroup, getpid());
			if (!error)
				reach(args[3], args[4]);
			exit(error);
		}
	} else if (!strcmp(way, "other")) {
		pipe(ready);
		pid = fork();
		if (!pid) {
			read(ready[0], &byte, 1);
			reach(args[3], args[4]);
			exit(0);
		}
		/* The one who moves it is ended: a third lets the moved one go. */
		if (!fork()) {
			usleep(300000);
			write(ready[1], "x", 1);
			exit(0);
		}
		if (!fork()) {
			error = enter(cgroup, pid);
			exit(error);
		}
		sleep(2);
	} else if (!strcmp(way, "ended")) {
		pid = fork();
		if (!pid) {
			pthread_create(&thread, NULL, leave, NULL);
			syscall(SYS_exit, 0);
		}
	} else if (!strcmp(way, "exec")) {
		pid = fork();
		if (!pid) {
			pthread_create(&thread, NULL, run, NULL);
			for (;;)
				;
		}
		while (!moved[1])
			usleep(1000);
		if (!fork())
			exit(enter(cgroup, pid));
		snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
		await_text(path, strrchr(cgroup, '/'));
		*moved = 1;
	} else if (!strcmp(way, "forks")) {
		pid = fork();
		if (!pid)
			reach(args[3], args[4]);
		waitpid(pid, NULL, 0);
		exit(0);
	} else {
		struct clone_args clone = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD,
					    .cgroup = open(cgroup, O_RDONLY | O_DIRECTORY) };
		/* Its parent is ended, so another waits. */
		pid = fork();
		if (!pid) {
			pid = syscall(SYS_clone3, &clone, sizeof(clone));
			if (!pid) {
				reach(args[3], args[4]);
				exit(0);
			}
			exit(pid < 0 ? errno : 0);
		}
		usleep(500000);
	}
	waitpid(pid, &status, 0);
	printf("%s: %s\n", way, WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : strerror(WEXITSTATUS(status)));
	return 0;
}
