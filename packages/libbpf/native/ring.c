// SPDX-License-Identifier: Apache-2.0
/*
 * A ring buffer as the kernel maps it.
 *
 * It is read here and not by libbpf's ring_buffer: its callback cannot refuse a record that does
 * not fit any more, and it publishes its position once per record, which costs more than the copy.
 */
#include "ring.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define RECORD_HEADER 8 /* the kernel's, and ours: u32 length, u32 index of the ring */

/*
 * So much of a ring's data is mapped at a time, where it is read: all that is mapped is resident memory of this process,
 * read or not. To go on to the next part takes some 40 µs.
 */
#define WINDOW_BYTES (1UL << 20)

static size_t padded(size_t length)
{
	return (length + 7) & ~(size_t)7;
}

int ring_map(struct ring *ring, const struct map *map)
{
	void *mapping;

	memset(ring, 0, sizeof(*ring));
	ring->page = (size_t)sysconf(_SC_PAGESIZE);
	ring->size = map->max_entries;
	ring->fd = fcntl(map->fd, F_DUPFD_CLOEXEC, 3);
	if (ring->fd < 0)
		return errno;
	mapping = mmap(NULL, ring->page, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
	if (mapping == MAP_FAILED)
		return errno;
	ring->consumer = mapping;
	mapping = mmap(NULL, ring->page, PROT_READ, MAP_SHARED, ring->fd, (off_t)ring->page);
	if (mapping == MAP_FAILED)
		return errno;
	ring->producer = mapping;
	ring->window = ring->size < WINDOW_BYTES ? ring->size : WINDOW_BYTES;
	mapping = mmap(NULL, ring->window, PROT_READ, MAP_SHARED, ring->fd, (off_t)ring->page * 2);
	if (mapping == MAP_FAILED)
		return errno;
	ring->data = mapping;
	ring->position = __atomic_load_n(ring->consumer, __ATOMIC_ACQUIRE);
	return 0;
}

void ring_unmap(struct ring *ring)
{
	if (ring->consumer)
		munmap(ring->consumer, ring->page);
	if (ring->producer)
		munmap(ring->producer, ring->page);
	if (ring->data)
		munmap(ring->data, ring->window);
	if (ring->fd >= 0)
		close(ring->fd);
	ring->fd = -1;
	ring->consumer = ring->producer = NULL;
	ring->data = NULL;
}

uint64_t ring_end(const struct ring *ring)
{
	return __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);
}

/* What is at a position, up to the end of its part of the ring: a word at least. It is there until the next call. */
static uint8_t *ring_at(struct ring *ring, uint64_t position)
{
	size_t begin = position & (ring->size - 1) & ~(ring->window - 1);

	if (begin != ring->begin) {
		/* In the place of the part before. Without it no record can be read any more, nor told to be lost. */
		if (mmap(ring->data, ring->window, PROT_READ, MAP_SHARED | MAP_FIXED, ring->fd,
			 (off_t)(ring->page * 2 + begin)) == MAP_FAILED)
			napi_fatal_error("ring.c", NAPI_AUTO_LENGTH, "cannot map a ring buffer", NAPI_AUTO_LENGTH);
		ring->begin = begin;
	}
	return ring->data + (position & (ring->window - 1));
}

/* Copies `length` bytes from a position; headers are in one piece always, what follows may be in two parts or more. */
static void copy_from(struct ring *ring, uint64_t position, uint8_t *to, size_t length)
{
	size_t whole;

	for (; length; length -= whole, to += whole, position += whole) {
		whole = ring->window - (position & (ring->window - 1));
		if (whole > length)
			whole = length;
		memcpy(to, ring_at(ring, position), whole);
	}
}

bool ring_look(struct ring *ring, uint64_t position, uint64_t end, struct record *record)
{
	uint32_t head;

	record->next = position;
	while (record->next < end) {
		head = __atomic_load_n((uint32_t *)ring_at(ring, record->next), __ATOMIC_ACQUIRE);
		if (head & BPF_RINGBUF_BUSY_BIT)
			return false;
		record->position = record->next;
		record->length = head & ~BPF_RINGBUF_DISCARD_BIT;
		record->next += RECORD_HEADER + padded(record->length);
		if (!(head & BPF_RINGBUF_DISCARD_BIT))
			return true;
	}
	return false;
}

uint64_t ring_word(struct ring *ring, const struct record *record, size_t at)
{
	return *(uint64_t *)ring_at(ring, record->position + RECORD_HEADER + at);
}

size_t batch_bytes(uint32_t length)
{
	return RECORD_HEADER + padded(length);
}

void ring_copy(struct ring *ring, uint32_t index, const struct record *record, uint8_t *to)
{
	uint32_t *header = (uint32_t *)to;

	header[0] = record->length;
	header[1] = index;
	copy_from(ring, record->position + RECORD_HEADER, to + RECORD_HEADER, padded(record->length));
}

void ring_publish(struct ring *ring, uint64_t position)
{
	if (position == ring->position)
		return;
	ring->position = position;
	__atomic_store_n(ring->consumer, position, __ATOMIC_RELEASE);
}

/*
 * The kernel wakes a reader when it commits the very record that the reader's published position
 * points at. So the position is published first, and only then, behind a full barrier, is the
 * ring looked at once more: either this look sees the commit, or the commit sees the position.
 */
bool ring_ready(struct ring *ring)
{
	uint32_t head;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (ring->position >= ring_end(ring))
		return false;
	head = __atomic_load_n((uint32_t *)ring_at(ring, ring->position), __ATOMIC_ACQUIRE);
	return !(head & BPF_RINGBUF_BUSY_BIT);
}
