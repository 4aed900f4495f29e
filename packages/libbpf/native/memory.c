// SPDX-License-Identifier: Apache-2.0
/* What this process keeps resident without need. */
#include "addon.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

/*
 * dropFilePages(): bytes that were resident, 0 without /proc. Unmaps the pages of files that nobody wrote to through the mapping (programs,
 * their constants): they stay in the page cache, and what is used again is mapped again without reading a disk. Memory that was
 * freed goes back to the kernel, too: loading the kernel programs takes tens of megabytes for a moment.
 */
napi_value js_dropFilePages(napi_env env, napi_callback_info info)
{
	FILE *maps = fopen("/proc/self/smaps", "re");
	unsigned long start = 0, end = 0, resident = 0, size;
	char line[4352], access[5], path[2];
	double dropped = 0;
	bool of_file = false;
	napi_value result;

	(void)info;
	malloc_trim(0);
	while (maps && fgets(line, sizeof(line), maps)) {
		unsigned long from, to;

		if (sscanf(line, "%lx-%lx %4s", &from, &to, access) == 3) {
			start = from;
			end = to;
			resident = 0;
			of_file = access[1] == '-' && access[3] == 'p' && sscanf(line, "%*s %*s %*s %*s %*s %1[/]", path) == 1;
		} else if (sscanf(line, "Rss: %lu kB", &size) == 1) {
			resident = size;
		} else if (sscanf(line, "Anonymous: %lu kB", &size) == 1) {
			/* A page of our own is lost when it is dropped: relocated constants are such. */
			if (of_file && size == 0 && madvise((void *)start, end - start, MADV_DONTNEED) == 0)
				dropped += resident * 1024.0;
			of_file = false;
		}
	}
	if (maps)
		fclose(maps);
	napi_create_double(env, dropped, &result);
	return result;
}
