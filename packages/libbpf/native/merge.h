/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "ring.h"

#define RINGS_MAX 16

/* What a pass reads of each ring. */
struct extent {
	uint64_t end;	/* what was there when it began: it reads all of that */
	uint64_t limit; /* what was there when all ends were known: read where others' order needs it */
};

void extent_take(struct extent *extents, const struct ring *rings, uint32_t count);

struct merge {
	uint32_t *offsets; /* of the records in the batch */
	size_t time_at;	   /* byte of the time stamp in each record */
};

/* Returns an errno. */
int merge_init(struct merge *merge, size_t time_at);
void merge_free(struct merge *merge);

/*
 * Both fill an empty batch while records fit and publish how far they came. They return the bytes that the next record needs
 * when there may be one, 0 when all has been read.
 */
size_t fill_in_turn(struct ring *rings, uint32_t count, const struct extent *extents, struct batch *batch);
size_t fill_by_time(struct merge *merge, struct ring *rings, uint32_t count, const struct extent *extents,
		    struct batch *batch);
