/* SPDX-License-Identifier: Apache-2.0 */
/* COUNT times: start /bin/true and wait for its end. */
#include "storm.h"
#include <spawn.h>
#include <sys/wait.h>

extern char **environ;

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 1000;
	char *args[] = { "/bin/true", NULL };
	double since = now();
	for (int i = 0; i < count; i++) {
		pid_t pid;
		int status;
		if (posix_spawn(&pid, args[0], NULL, NULL, args, environ))
			errx(1, "posix_spawn");
		if (waitpid(pid, &status, 0) < 0)
			err(1, "waitpid");
	}
	finish(since);
	return 0;
}
