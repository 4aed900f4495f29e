// Processes of unusual kinds: process MODE ARGS…
// threads N | threadexec PROGRAM | vfork PROGRAM | memfd PROGRAM | lastthread | storm N
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static const char *program;

static void *idle(void *unused)
{
	return 0;
}

static void *exec_here(void *unused)
{
	execl(program, program, "from-a-thread", (char *)0);
	return 0;
}

// The process ends with this thread, after the first one has gone.
static void *last(void *first)
{
	pthread_join((pthread_t)(uintptr_t)first, 0);
	syscall(SYS_exit, 9);
	return 0;
}

int main(int count, char **args)
{
	const char *mode = args[1];
	program = count > 2 ? args[2] : "";
	pthread_t thread;
	if (!strcmp(mode, "threads")) {
		for (int i = atoi(program); i > 0; i--) {
			pthread_create(&thread, 0, idle, 0);
			pthread_join(thread, 0);
		}
		return 7;
	}
	if (!strcmp(mode, "threadexec")) {
		pthread_create(&thread, 0, exec_here, 0);
		pause();
	}
	if (!strcmp(mode, "vfork")) {
		char *argv[] = { (char *)program, "from-vfork", 0 };
		pid_t pid = vfork();
		if (pid == 0) {
			execve(program, argv, environ);
			_exit(1);
		}
		return waitpid(pid, 0, 0) < 0;
	}
	if (!strcmp(mode, "memfd")) {
		struct stat info;
		int from = open(program, O_RDONLY), fd = memfd_create("payload", MFD_CLOEXEC);
		char *argv[] = { "innocent", 0 };
		fstat(from, &info);
		sendfile(fd, from, 0, info.st_size);
		syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
		return 1;
	}
	if (!strcmp(mode, "lastthread")) {
		pthread_create(&thread, 0, last, (void *)(uintptr_t)pthread_self());
		pthread_exit(0);
	}
	if (!strcmp(mode, "storm")) {
		int failed = 0;
		for (int i = atoi(program); i > 0; i--) {
			pid_t pid = fork();
			if (pid == 0)
				_exit(0);
			if (pid < 0)
				failed++;
			// A few at a time, as many as the machine can run.
			if (i % 64 == 0)
				while (waitpid(-1, 0, WNOHANG) > 0)
					;
		}
		while (waitpid(-1, 0, 0) > 0)
			;
		return failed != 0;
	}
	return 4;
}
