// SPDX-License-Identifier: Apache-2.0
/*
 * Several rings read as one: one ring after the other, or by the records' time stamps.
 *
 * Why the order of acts is kept without waiting for a clock: a producer takes its time stamp before it reserves its record.
 * So where act A came before act B (the record of A was committed before B took its stamp), whatever stands before A in
 * its ring has an earlier stamp than B, and A was in its ring before B was in the other. A record that came behind the
 * `end` of its ring is read only while another ring holds a later one from before its `end`: all that came before
 * it was in reach by then. Acts of two processors at the same time have no such order; their stamps are sorted within a batch.
 */
#include "merge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Records of a batch. */
#define RECORDS_MAX 8192

/* An uncommitted record hides those behind it, for the time of a copy; longer when its processor was taken away. */
#define BUSY_SPINS 1000
#define BUSY_PAUSES 40
#define BUSY_PAUSE_NS 50000

struct head {
	struct record record;
	uint64_t time;
	bool there;
};

void extent_take(struct extent *extents, const struct ring *rings, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		extents[i].end = ring_end(&rings[i]);
	for (i = 0; i < count; i++)
		extents[i].limit = ring_end(&rings[i]);
}

int merge_init(struct merge *merge, size_t time_at)
{
	merge->time_at = time_at;
	merge->offsets = calloc(RECORDS_MAX, sizeof(*merge->offsets));
	return merge->offsets ? 0 : ENOMEM;
}

void merge_free(struct merge *merge)
{
	free(merge->offsets);
	merge->offsets = NULL;
}

size_t fill_in_turn(struct ring *rings, uint32_t count, const struct extent *extents, struct batch *batch)
{
	struct record record;
	size_t need = 0;
	uint32_t i;

	for (i = 0; i < count && !need; i++) {
		uint64_t position = rings[i].position;

		while (ring_look(&rings[i], position, extents[i].end, &record)) {
			need = batch_bytes(record.length);
			if (need > batch->room - batch->used)
				break;
			ring_copy(&rings[i], i, &record, batch->data + batch->used);
			batch->used += need;
			batch->count++;
			position = record.next;
			need = 0;
		}
		ring_publish(&rings[i], need ? position : record.next);
	}
	return need;
}

/* The record behind the head. Waits a little for one that is being written; beyond that the others go on without. */
static void head_next(const struct merge *merge, struct ring *ring, uint64_t limit, struct head *head)
{
	const struct timespec pause = { .tv_nsec = BUSY_PAUSE_NS };
	int looks;

	for (looks = 0; looks < BUSY_SPINS + BUSY_PAUSES; looks++) {
		head->there = ring_look(ring, head->record.next, limit, &head->record);
		if (head->there || head->record.next >= limit)
			break;
		if (looks >= BUSY_SPINS)
			nanosleep(&pause, NULL);
	}
	if (head->there)
		head->time = ring_word(ring, &head->record, merge->time_at);
}

/* The ring to read from next, -1: all that was there at the beginning has been read. */
static int earliest(const struct head *heads, uint32_t count, const struct extent *extents)
{
	bool unread = false;
	int first = -1;
	uint32_t i;

	for (i = 0; i < count; i++) {
		if (!heads[i].there)
			continue;
		unread |= heads[i].record.position < extents[i].end;
		if (first < 0 || heads[i].time < heads[first].time)
			first = (int)i;
	}
	return unread ? first : -1;
}

static uint64_t time_in(const struct batch *batch, const struct merge *merge, uint32_t index)
{
	return *(uint64_t *)(batch->data + merge->offsets[index] + batch_bytes(0) + merge->time_at);
}

/* Puts a record into the batch where its stamp belongs: behind the others, nearly always. */
static void place(struct merge *merge, struct ring *ring, uint32_t index, const struct head *head,
		  struct batch *batch)
{
	size_t size = batch_bytes(head->record.length), to = batch->used;
	uint32_t at = batch->count, i;

	while (at > 0 && time_in(batch, merge, at - 1) > head->time)
		at--;
	if (at < batch->count) {
		to = merge->offsets[at];
		memmove(batch->data + to + size, batch->data + to, batch->used - to);
		for (i = batch->count; i > at; i--)
			merge->offsets[i] = merge->offsets[i - 1] + (uint32_t)size;
	}
	merge->offsets[at] = (uint32_t)to;
	ring_copy(ring, index, &head->record, batch->data + to);
	batch->used += size;
	batch->count++;
}

static size_t merge_rings(struct merge *merge, struct ring *rings, uint32_t count, const struct extent *extents,
			  struct batch *batch)
{
	struct head heads[RINGS_MAX];
	size_t need = 0;
	uint32_t i;
	int ring;

	for (i = 0; i < count; i++) {
		heads[i].record.next = rings[i].position;
		head_next(merge, &rings[i], extents[i].limit, &heads[i]);
	}
	while ((ring = earliest(heads, count, extents)) >= 0) {
		struct head *head = &heads[ring];

		need = batch_bytes(head->record.length);
		if (need > batch->room - batch->used || batch->count == RECORDS_MAX)
			break;
		place(merge, &rings[ring], (uint32_t)ring, head, batch);
		head_next(merge, &rings[ring], extents[ring].limit, head);
		need = 0;
	}
	for (i = 0; i < count; i++)
		ring_publish(&rings[i], heads[i].there ? heads[i].record.position : heads[i].record.next);
	return need;
}

size_t fill_by_time(struct merge *merge, struct ring *rings, uint32_t count, const struct extent *extents,
		    struct batch *batch)
{
	/* The first ring is read alone when it is about to overflow: out of order is better than lost. */
	if (count > 1 && ring_end(&rings[0]) - rings[0].position > rings[0].size / 4 * 3) {
		merge_rings(merge, rings, 1, extents, batch);
		if (batch->count)
			return batch_bytes(0);
	}
	return merge_rings(merge, rings, count, extents, batch);
}
