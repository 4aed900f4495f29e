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
	uint8_t *data;		/* a part of it */
	size_t window, begin;	/* bytes of the part, and where in the ring it begins */
	uint64_t position;	/* bytes consumed and published */
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
/* A record in a ring, header left aside. */
struct record {
	uint64_t position, next; /* its own, and where the one behind it begins */
	uint32_t length;
};

/*
 * The first record from a position on that was not discarded, up to `end`; `next` is `end` or an uncommitted record when
 * there is none, and false is returned.
 */
bool ring_look(struct ring *ring, uint64_t position, uint64_t end, struct record *record);
/* A 64-bit word at a byte of a record; the byte is a multiple of 8. */
uint64_t ring_word(struct ring *ring, const struct record *record, size_t at);
/* Writes what a batch has of a record, to 8 aligned bytes. */
void ring_copy(struct ring *ring, uint32_t index, const struct record *record, uint8_t *to);
/* What is before this position has been read. */
void ring_publish(struct ring *ring, uint64_t position);
/* Bytes that a record takes of a batch. */
size_t batch_bytes(uint32_t length);
/* Whether a committed record waits; when not, the commit of the next one wakes. */
bool ring_ready(struct ring *ring);
