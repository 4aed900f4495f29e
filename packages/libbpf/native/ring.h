/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "addon.h"

/* One ring buffer, mapped and read by this process alone. */
struct ring {
	int fd; /* its own, the map may be closed */
	size_t size;
	size_t page;
	uint64_t *consumer;
	uint64_t *producer;
	uint8_t *data;
	uint64_t position; /* bytes consumed and published */
};

/* Records on their way to JavaScript. */
struct batch {
	napi_value buffer;
	uint8_t *data;
	size_t room, used;
	uint32_t count;
};

/* Maps a ring. Returns an errno; ring_unmap is safe behind a failure. */
int ring_map(struct ring *ring, const struct map *map);
void ring_unmap(struct ring *ring);
/* What was written when it is asked. */
uint64_t ring_end(const struct ring *ring);
/*
 * Copies whole records up to `end` while they fit, and publishes how far it came. Returns the
 * bytes that the next record needs when that does not fit, 0 when `end` or an uncommitted record
 * was reached.
 */
size_t ring_copy(struct ring *ring, uint32_t index, uint64_t end, struct batch *batch);
/* Whether a committed record waits; when not, the commit of the next one wakes. */
bool ring_ready(const struct ring *ring);
