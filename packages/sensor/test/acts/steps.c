// Ways out of a step, if there were one: steps WAY … PROGRAM ARGS…
// begin SIZE PROGRAM: as the worker, a step with SIZE bytes of other variables before and behind its own.
// sibling | thread | orphan | move CGROUP BACK: the program is started with another step's environment.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char **line;
static char *forged[] = { "GITHUB_ACTION=forged", "GITHUB_JOB=forged", 0 };

static void *start(void *unused)
{
	execve(line[0], line, forged);
	return 0;
}

static void move(const char *cgroup)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	int fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, "0", 1) != 1)
		exit(3);
	close(fd);
}

/* Variables of 100 KiB at most: the kernel takes no longer ones than 128. */
static char **fill(char **at, size_t size)
{
	while (size) {
		size_t part = size < 102400 ? size : 102400;
		char *text = malloc(part);
		memset(text, 'x', part - 1);
		text[part - 1] = 0;
		*at++ = text;
		size -= part;
	}
	return at;
}

static int begin(size_t size)
{
	static char *variables[64];
	char **at = fill(variables, size);
	*at++ = "GITHUB_ACTION=far";
	*at++ = "GITHUB_ACTION=second";
	at = fill(at, size);
	*at = "GITHUB_JOB=build";
	pid_t pid = fork();
	if (pid == 0) {
		execve(line[0], line, variables);
		_exit(1);
	}
	int status;
	return waitpid(pid, &status, 0) < 0 || status;
}

int main(int count, char **args)
{
	const char *way = args[1];
	int end[2];
	char byte;
	line = args + 2;
	if (pipe(end))
		return 1;
	if (!strcmp(way, "begin")) {
		line++;
		return begin(atol(args[2]));
	} else if (!strcmp(way, "sibling")) {
		if (syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0) == 0) {
			close(end[0]);
			start(0);
			_exit(1);
		}
	} else if (!strcmp(way, "thread")) {
		pthread_t thread;
		pthread_create(&thread, 0, start, 0);
		pause();
	} else if (!strcmp(way, "orphan")) {
		if (fork() == 0) {
			close(end[0]);
			setsid();
			pid_t maker = getpid();
			if (fork() == 0) {
				while (getppid() == maker)
					usleep(1000);
				start(0);
			}
			_exit(0);
		}
		wait(0);
	} else if (!strcmp(way, "move")) {
		move(args[2]);
		move(args[3]);
		line = args + 4;
		start(0);
		return 1;
	}
	// Until all that holds the other end has gone.
	close(end[1]);
	return read(end[0], &byte, 1) == 0 ? 0 : 2;
}
