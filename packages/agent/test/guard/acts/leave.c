// Ways out of a cgroup, each followed by a connect from there: leave WAY CGROUP ADDRESS PORT
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

int main(int count, char **args)
{
	const char *way = args[1], *cgroup = args[2];
	int error = 0, status = 0, ready[2];
	pid_t pid = 0;
	char byte;

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
