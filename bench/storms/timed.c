/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a command and writes how long that took. */
#include "storm.h"
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int status = 0;
	double since = now();
	if (argc < 2)
		errx(2, "timed COMMAND [ARGUMENT]...");
	pid_t pid = fork();
	if (pid == 0) {
		execvp(argv[1], argv + 1);
		err(127, "%s", argv[1]);
	}
	waitpid(pid, &status, 0);
	finish(since);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
