/* SPDX-License-Identifier: Apache-2.0 */
/* COUNT times: open a file for reading and close it; MODE w: for writing. */
#include "storm.h"
#include <fcntl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 100000;
	int flags = argc > 2 && argv[2][0] == 'w' ? O_WRONLY : O_RDONLY;
	close(open("storm.file", O_CREAT | O_WRONLY, 0644));
	double since = now();
	for (int i = 0; i < count; i++) {
		int fd = open("storm.file", flags);
		if (fd < 0)
			err(1, "open");
		close(fd);
	}
	finish(since);
	return 0;
}
