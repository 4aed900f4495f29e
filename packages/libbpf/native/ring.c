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
	/*
	 * The kernel would map the data twice in a row, so that a record that wraps reads in one piece.
	 * Once is enough for what copies them anyway, and half the resident memory.
	 */
	mapping = mmap(NULL, ring->page + ring->size, PROT_READ, MAP_SHARED, ring->fd,
		       (off_t)ring->page);
	if (mapping == MAP_FAILED)
		return errno;
	ring->producer = mapping;
	ring->data = (uint8_t *)mapping + ring->page;
	ring->position = __atomic_load_n(ring->consumer, __ATOMIC_ACQUIRE);
	return 0;
}

void ring_unmap(struct ring *ring)
{
	if (ring->consumer)
		munmap(ring->consumer, ring->page);
	if (ring->producer)
		munmap(ring->producer, ring->page + ring->size);
	if (ring->fd >= 0)
		close(ring->fd);
	ring->fd = -1;
	ring->consumer = ring->producer = NULL;
}

uint64_t ring_end(const struct ring *ring)
{
	return __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);
}

static uint8_t *record_at(const struct ring *ring, uint64_t position)
{
	return ring->data + (position & (ring->size - 1));
}

/* Copies `length` bytes from a position; headers are in one piece always, what follows may wrap. */
static void copy_from(const struct ring *ring, uint64_t position, void *to, size_t length)
{
	size_t whole = ring->size - (position & (ring->size - 1));

	if (whole >= length) {
		memcpy(to, record_at(ring, position), length);
		return;
	}
	memcpy(to, record_at(ring, position), whole);
	memcpy((uint8_t *)to + whole, ring->data, length - whole);
}

bool ring_look(const struct ring *ring, uint64_t position, uint64_t end, struct record *record)
{
	uint32_t head;

	record->next = position;
	while (record->next < end) {
		head = __atomic_load_n((uint32_t *)record_at(ring, record->next), __ATOMIC_ACQUIRE);
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

uint64_t ring_word(const struct ring *ring, const struct record *record, size_t at)
{
	return *(uint64_t *)record_at(ring, record->position + RECORD_HEADER + at);
}

size_t batch_bytes(uint32_t length)
{
	return RECORD_HEADER + padded(length);
}

void ring_copy(const struct ring *ring, uint32_t index, const struct record *record, uint8_t *to)
{
	uint32_t *header = (uint32_t *)to;

	header[0] = record->length;
	header[1] = index;
	copy_from(ring, record->position + RECORD_HEADER, header + 2, padded(record->length));
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
bool ring_ready(const struct ring *ring)
{
	uint32_t head;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (ring->position >= ring_end(ring))
		return false;
	head = __atomic_load_n((uint32_t *)record_at(ring, ring->position), __ATOMIC_ACQUIRE);
	return !(head & BPF_RINGBUF_BUSY_BIT);
}
