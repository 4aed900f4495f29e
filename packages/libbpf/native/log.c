// SPDX-License-Identifier: Apache-2.0
#include "addon.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The verifier's last words matter most: beyond this, what was said first is dropped. */
#define LOG_BYTES (1U << 20)

static __thread struct log *current;

static int keep(enum libbpf_print_level level, const char *format, va_list args)
{
	struct log *log = current;
	va_list again;
	size_t drop;
	int length;

	if (!log || (level == LIBBPF_DEBUG && !log->debug))
		return 0;
	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (length <= 0)
		return 0;
	if (log->used + length + 1 > log->room) {
		size_t room = log->used + length + 1 + 4096;
		char *grown = realloc(log->text, room);

		if (!grown)
			return 0;
		log->text = grown;
		log->room = room;
	}
	vsnprintf(log->text + log->used, length + 1, format, args);
	log->used += length;
	if (log->used > LOG_BYTES) {
		drop = log->used - LOG_BYTES;
		memmove(log->text, log->text + drop, LOG_BYTES + 1);
		log->used = LOG_BYTES;
	}
	return length;
}

static void install(void)
{
	libbpf_set_print(keep);
}

void log_install(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, install);
}

void log_begin(struct log *log, bool debug)
{
	memset(log, 0, sizeof(*log));
	log->debug = debug;
	current = log;
}

void log_keep(void)
{
	current = NULL;
}

void log_end(void)
{
	free(current->text);
	log_keep();
}
