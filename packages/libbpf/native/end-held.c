// SPDX-License-Identifier: Apache-2.0
/*
 * end-held MAPS SECONDS: waits until its standard input ends, as a pipe does with the process that has its other end. Then it
 * ends the processes that are stopped in a write which nobody will decide about any more: see bpf/include/https_state.h, whose
 * maps are pinned in the folder MAPS. It says each on its standard error. What has stopped itself with them above (su, sudo) is
 * continued. It looks again for SECONDS, as somebody may be about to stop; it goes when somebody decides again.
 *
 * Ends with 1 when the maps cannot be opened.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <dirent.h>
#include <linux/bpf.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_TICK 10000000ull
#define LOOK_MS 50
#define END_MS 5000
/* At once; its handles must fit into 1024. */
#define MOST 512

struct key {
	uint64_t start;
	uint32_t tgid;
	uint32_t unused;
};

struct offers {
	uint64_t used;
	uint32_t offered;
	uint32_t unused;
	uint64_t allowed;
};

struct grants {
	uint64_t granted;
	uint32_t decided;
	uint32_t unused;
};

struct state {
	uint32_t from, unseen_from, to, unused;
};

struct stat_line {
	char state;
	int parent;
	uint64_t start; /* clock ticks */
};

static int offers_map, grants_map, seen_map, state_map;

static int bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static int open_map(const char *folder, const char *name)
{
	char path[4096];
	union bpf_attr attr = { .pathname = (uintptr_t)path };
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = bpf(BPF_OBJ_GET, &attr);
	if (fd < 0)
		fprintf(stderr, "runwarden: processes that wait for a decision would outlive the agent: cannot open %s: %s\n",
			path, strerror(errno));
	return fd;
}

static int lookup(int map, const void *key, void *value)
{
	union bpf_attr attr = { .map_fd = map, .key = (uintptr_t)key, .value = (uintptr_t)value };

	return bpf(BPF_MAP_LOOKUP_ELEM, &attr) == 0;
}

static int next(int map, const void *key, void *after)
{
	union bpf_attr attr = { .map_fd = map, .key = (uintptr_t)key, .next_key = (uintptr_t)after };

	return bpf(BPF_MAP_GET_NEXT_KEY, &attr) == 0;
}

/* What the slot HTTPS_ON says. */
static int somebody_decides(void)
{
	struct state state = { 0 };
	uint32_t slot = 2;

	return lookup(state_map, &slot, &state) && state.to;
}

static int is_undecided(const struct key *process)
{
	struct key family = *process;
	struct offers offers;
	struct grants grants = { 0 };

	lookup(seen_map, process, &family);
	lookup(grants_map, &family, &grants);
	return lookup(offers_map, &family, &offers) && offers.offered != grants.decided;
}

static int read_stat(const char *path, struct stat_line *line)
{
	char text[1024], *rest;
	FILE *file = fopen(path, "re");
	size_t size;

	if (!file)
		return 0;
	size = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[size] = 0;
	/* The name in parentheses may hold anything; what follows it is the third field. */
	rest = strrchr(text, ')');
	if (!rest || sscanf(rest + 1, " %c %d", &line->state, &line->parent) != 2)
		return 0;
	rest++;
	for (int field = 3; field < 22 && rest; field++)
		rest = strchr(rest + 1, ' ');
	line->start = rest ? strtoull(rest, NULL, 10) : 0;
	return 1;
}

static int stat_of(int pid, struct stat_line *line)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	return read_stat(path, line);
}

static int is_stopped(char state)
{
	return state == 'T' || state == 't';
}

/* Its first thread may have ended before the others. */
static int has_stopped_thread(int pid)
{
	char path[300];
	struct dirent *entry;
	struct stat_line line;
	int found = 0;
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	folder = opendir(path);
	while (folder && !found && (entry = readdir(folder))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%s/stat", pid, entry->d_name);
		found = read_stat(path, &line) && is_stopped(line.state);
	}
	if (folder)
		closedir(folder);
	return found;
}

struct held {
	int pid;
	int handle;
};

static struct held held[MOST];
static int held_count;
static int alive;

static void send_signal(int handle, int number)
{
	syscall(SYS_pidfd_send_signal, handle, number, NULL, 0);
}

/* Not one that has its number since. */
static int is_there(const struct key *process, struct stat_line *line)
{
	return stat_of(process->tgid, line) && line->start == process->start / NS_PER_TICK;
}

static void note_held(const struct key *process)
{
	struct stat_line line;
	int handle;

	if (!is_there(process, &line))
		return;
	alive++;
	if (held_count == MOST || !is_undecided(process) || !has_stopped_thread(process->tgid))
		return;
	for (int i = 0; i < held_count; i++)
		if (held[i].pid == (int)process->tgid)
			return;
	handle = syscall(SYS_pidfd_open, process->tgid, 0);
	if (handle >= 0 && is_there(process, &line))
		held[held_count++] = (struct held){ .pid = process->tgid, .handle = handle };
	else if (handle >= 0)
		close(handle);
}

/* All above it: on a terminal sudo has a process between that does not stop. */
static void continue_parents(const struct key *process)
{
	struct stat_line line;
	int there = is_there(process, &line);

	while (there && line.parent > 1) {
		int pid = line.parent, handle = syscall(SYS_pidfd_open, pid, 0);

		there = handle >= 0 && stat_of(pid, &line);
		if (there && line.state == 'T')
			send_signal(handle, SIGCONT);
		if (handle >= 0)
			close(handle);
	}
}

/* Those that offered under their own name are in the one map, those of a family in the other, and some in both. */
static void for_each(void (*act)(const struct key *))
{
	const int maps[] = { seen_map, offers_map };

	for (int which = 0; which < 2; which++) {
		struct key key, *last = NULL;

		while (next(maps[which], last, &key)) {
			act(&key);
			last = &key;
		}
	}
}

static void end_one(int pid, int handle)
{
	char path[64], program[256];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	length = readlink(path, program, sizeof(program) - 1);
	program[length < 0 ? 0 : length] = 0;
	for (char *c = program; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	send_signal(handle, SIGKILL);
	fprintf(stderr,
		"runwarden: process %d (%s) waited for a decision about what it was to send by TLS when its agent ended: it was ended, "
		"and nothing of that has left\n",
		pid, program);
}

static void await_end(int handle)
{
	struct pollfd ended = { .fd = handle, .events = POLLIN };

	poll(&ended, 1, END_MS);
	close(handle);
}

enum looked { NOBODY_LEFT, SOME_LEFT, ENDED_SOME, DECIDED_AGAIN };

static enum looked look(void)
{
	int ended;

	held_count = alive = 0;
	for_each(note_held);
	/* Those that were found stopped are of before, if nobody decides by now. */
	if (somebody_decides())
		return DECIDED_AGAIN;
	ended = held_count;
	for (int i = 0; i < ended; i++)
		end_one(held[i].pid, held[i].handle);
	for (int i = 0; i < ended; i++)
		await_end(held[i].handle);
	for_each(continue_parents);
	return ended ? ENDED_SOME : alive ? SOME_LEFT : NOBODY_LEFT;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ull + now.tv_nsec / 1000000;
}

int main(int argc, char **argv)
{
	uint64_t until;
	ssize_t size;
	char byte;

	if (argc != 3) {
		fputs("usage: end-held MAPS SECONDS\n", stderr);
		return 1;
	}
	offers_map = open_map(argv[1], "https_offers");
	grants_map = open_map(argv[1], "https_grants");
	seen_map = open_map(argv[1], "https_seen");
	state_map = open_map(argv[1], "https_state");
	if (offers_map < 0 || grants_map < 0 || seen_map < 0 || state_map < 0)
		return 1;
	do
		size = read(0, &byte, 1);
	while (size > 0 || (size < 0 && errno == EINTR));
	until = now_ms() + 1000ull * atoi(argv[2]);
	for (;;) {
		enum looked looked = look();

		if (looked == DECIDED_AGAIN || looked == NOBODY_LEFT || (looked != ENDED_SOME && now_ms() >= until))
			return 0;
		if (looked != ENDED_SOME)
			usleep(LOOK_MS * 1000);
	}
}
