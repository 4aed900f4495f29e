// SPDX-License-Identifier: Apache-2.0
/* What this process keeps in memory without need, and what of it may be written to a disk. */
#include "addon.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define PAGES_AT_ONCE 512
/* Of an entry of /proc/self/pagemap: the page is in memory, is in swap, is the file's own. */
#define PAGE_PRESENT (1ULL << 63)
#define PAGE_SWAPPED (1ULL << 62)
#define PAGE_OF_FILE (1ULL << 61)

/*
 * Drops the pages of a mapping that are its file's own. A page of our own would be lost: relocated constants are such, and those in
 * which the kernel has put a breakpoint, as it does for the agent's own probes on TLS libraries, node's among them. Returns the bytes
 * that were resident.
 */
static double drop(int pagemap, unsigned long start, unsigned long end)
{
	const unsigned long page = (unsigned long)sysconf(_SC_PAGESIZE);
	unsigned long at = start, begin = start, resident = 0;
	uint64_t entries[PAGES_AT_ONCE];
	double dropped = 0;

	while (at < end) {
		ssize_t bytes = pread(pagemap, entries, sizeof(entries), (off_t)(at / page * sizeof(*entries)));
		size_t i, count = bytes > 0 ? (size_t)bytes / sizeof(*entries) : 0;
		bool own = false;

		if (!count)
			break;
		for (i = 0; i < count && at < end && !own; i++, at += page) {
			own = entries[i] & PAGE_SWAPPED || (entries[i] & PAGE_PRESENT && !(entries[i] & PAGE_OF_FILE));
			if (entries[i] & PAGE_PRESENT && !own)
				resident += page;
		}
		if (resident && !madvise((void *)begin, at - begin - (own ? page : 0), MADV_DONTNEED))
			dropped += (double)resident;
		begin = at;
		resident = 0;
	}
	return dropped;
}

/*
 * dropFilePages(): bytes that were resident, 0 without /proc. Unmaps the pages of files that nobody wrote to through the mapping (programs,
 * their constants): they stay in the page cache, and what is used again is mapped again without reading a disk. Memory that was
 * freed goes back to the kernel, too: loading the kernel programs takes tens of megabytes for a moment.
 */
napi_value js_dropFilePages(napi_env env, napi_callback_info info)
{
	FILE *maps = fopen("/proc/self/smaps", "re");
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	unsigned long start = 0, end = 0, size;
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
			of_file = access[1] == '-' && access[3] == 'p' && sscanf(line, "%*s %*s %*s %*s %*s %1[/]", path) == 1;
		} else if (of_file && sscanf(line, "Rss: %lu kB", &size) == 1 && size) {
			dropped += drop(pagemap, start, end);
		}
	}
	if (maps)
		fclose(maps);
	if (pagemap >= 0)
		close(pagemap);
	napi_create_double(env, dropped, &result);
	return result;
}

/*
 * refuseCoreDumps(): true when the kernel will write no image of this process, whatever ends it. The limit alone does not hold where
 * core_pattern names a program: core(5).
 */
napi_value js_refuseCoreDumps(napi_env env, napi_callback_info info)
{
	const struct rlimit none = { 0, 0 };
	napi_value result;

	(void)info;
	napi_get_boolean(env, !setrlimit(RLIMIT_CORE, &none) && !prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), &result);
	return result;
}
