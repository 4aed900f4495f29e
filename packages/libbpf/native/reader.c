// SPDX-License-Identifier: Apache-2.0
/*
 * Ring buffers, delivered as batches.
 *
 * Records are copied out of the rings into one preallocated buffer, and JavaScript is called once
 * per filled buffer, never once per record. A wake-up comes through an epoll set on the rings
 * that libuv polls. The set is edge-triggered, since a record that is reserved and not yet
 * committed would otherwise keep it readable, and the thread busy.
 */
#include "addon.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "loop.h"
#include "merge.h"

struct reader {
	struct handle handle;
	uint32_t rings;
	struct ring ring[RINGS_MAX];
	struct merge merge; /* without offsets: one ring after the other */
	int epoll; /* -1: this reader does not wake */
	uv_poll_t *poll;
	napi_ref callback;
	napi_ref buffer;
	napi_ref self; /* a reader that wakes lives until it is closed */
	napi_async_context context;
	size_t room;
	unsigned int depth; /* passes on the stack; what they use is freed behind the last */
	bool inside;	    /* the callback itself is on the stack, and the buffer is its */
	bool destroyed;	    /* nobody holds the reader any more */
};

static void poll_closed(uv_poll_t *poll)
{
	struct addon *addon = uv_handle_get_data(poll);

	free(poll);
	addon->closing--;
	if (addon->ending && !addon->closing)
		napi_remove_async_cleanup_hook(addon->cleanup);
}

/* What a pass still needs when the callback closes the reader. */
static void reader_unmap(struct reader *reader)
{
	uint32_t i;

	if (reader->context)
		napi_async_destroy(reader->handle.addon->env, reader->context);
	reader->context = NULL;
	for (i = 0; i < reader->rings; i++)
		ring_unmap(&reader->ring[i]);
	reader->rings = 0;
	merge_free(&reader->merge);
}

static void reader_release(struct handle *handle)
{
	struct reader *reader = (struct reader *)handle;
	napi_env env = handle->addon->env;

	if (reader->poll) {
		handle->addon->closing++;
		uv_handle_set_data(reader->poll, handle->addon);
		uv_close(reader->poll, poll_closed);
		reader->poll = NULL;
	}
	if (reader->epoll >= 0)
		close(reader->epoll);
	reader->epoll = -1;
	if (reader->callback)
		napi_delete_reference(env, reader->callback);
	if (reader->buffer)
		napi_delete_reference(env, reader->buffer);
	if (reader->self)
		napi_delete_reference(env, reader->self);
	reader->callback = reader->buffer = reader->self = NULL;
	if (!reader->depth)
		reader_unmap(reader);
}

static void reader_destroy(struct handle *handle)
{
	struct reader *reader = (struct reader *)handle;

	if (reader->depth)
		reader->destroyed = true;
	else
		free(reader);
}

/* Ends a pass. The reader may be gone behind this. */
static void reader_leave(struct reader *reader)
{
	if (--reader->depth || !reader->handle.closed)
		return;
	reader_unmap(reader);
	if (reader->destroyed)
		free(reader);
}

/* The preallocated buffer; another one when it was transferred away or must hold more. */
static bool batch_begin(napi_env env, struct reader *reader, struct batch *batch, size_t room)
{
	void *data = NULL;
	size_t length = 0;

	memset(batch, 0, sizeof(*batch));
	if (reader->buffer &&
	    napi_get_reference_value(env, reader->buffer, &batch->buffer) == napi_ok &&
	    napi_get_buffer_info(env, batch->buffer, &data, &length) == napi_ok &&
	    length >= room) {
		batch->data = data;
		batch->room = length;
		return true;
	}
	if (reader->buffer)
		napi_delete_reference(env, reader->buffer);
	reader->buffer = NULL;
	if (napi_create_buffer(env, room, &data, &batch->buffer) != napi_ok ||
	    napi_create_reference(env, batch->buffer, 1, &reader->buffer) != napi_ok) {
		fail(env, "ring", "BPF_MEMORY", ENOMEM, "ring", NULL);
		return false;
	}
	batch->data = data;
	batch->room = reader->room = room;
	return true;
}

/*
 * Hands the batch to JavaScript. From the event loop, what it throws is an uncaught exception,
 * and ticks and microtasks run behind it (those may drain and close the reader); from drain() it
 * stays pending. False: it threw; the batch counts as delivered.
 */
static bool batch_deliver(napi_env env, struct reader *reader, struct batch *batch, bool loop)
{
	napi_value callback = NULL, global, resource, error, argv[3];
	napi_callback_scope scope;
	napi_status status;

	if (!batch->count)
		return true;
	argv[0] = batch->buffer;
	argv[1] = number(env, (double)batch->used);
	argv[2] = number(env, batch->count);
	batch->used = 0;
	batch->count = 0;
	if (napi_get_global(env, &global) != napi_ok ||
	    napi_get_reference_value(env, reader->callback, &callback) != napi_ok || !callback)
		return false;
	if (loop && (napi_create_object(env, &resource) != napi_ok ||
		     napi_open_callback_scope(env, resource, reader->context, &scope) != napi_ok))
		return false;
	reader->inside = true;
	status = napi_call_function(env, global, callback, 3, argv, NULL);
	reader->inside = false;
	if (loop) {
		/* An environment that ends runs no JavaScript, and has no exception to show. */
		if (status == napi_pending_exception &&
		    napi_get_and_clear_last_exception(env, &error) == napi_ok)
			napi_fatal_exception(env, error);
		napi_close_callback_scope(env, scope);
	}
	return status == napi_ok;
}

/*
 * One pass: delivers what was in the rings when it began, which bounds it; or one batch of that, so that what else waits in
 * the event loop (signals, timers) has its turn between batches. It ends when the callback throws or
 * closes the reader; what is left stays in the rings. Returns
 * whether something of what was there is left.
 */
static bool reader_pass(napi_env env, struct reader *reader, bool one, bool loop, double *records)
{
	struct extent extents[RINGS_MAX];
	napi_handle_scope scope;
	struct batch batch;
	bool going, enough;
	size_t need = 0;

	if (napi_open_handle_scope(env, &scope) != napi_ok)
		return false;
	extent_take(extents, reader->ring, reader->rings);
	do {
		going = batch_begin(env, reader, &batch, need > reader->room ? need : reader->room);
		if (!going)
			break;
		need = reader->merge.offsets ?
			       fill_by_time(&reader->merge, reader->ring, reader->rings, extents, &batch) :
			       fill_in_turn(reader->ring, reader->rings, extents, &batch);
		*records += batch.count;
		/* An empty one was too small for the next record. */
		enough = one && batch.count;
		going = batch_deliver(env, reader, &batch, loop) && !reader->handle.closed;
	} while (going && need && !enough);
	napi_close_handle_scope(env, scope);
	return need;
}

/*
 * Has the epoll set look again at the rings that still hold records. Where they are read by time, only the first one wakes:
 * what came into the others meanwhile is for the next look, else a busy machine would have a wake-up for every few records.
 */
static void reader_rearm(struct reader *reader, bool left)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	uint32_t i, rings = left || !reader->merge.offsets ? reader->rings : 1;

	for (i = 0; reader->epoll >= 0 && i < rings; i++)
		if (ring_ready(&reader->ring[i]))
			epoll_ctl(reader->epoll, EPOLL_CTL_MOD, reader->ring[i].fd, &event);
}

static void on_wake(uv_poll_t *poll, int status, int events)
{
	struct reader *reader = uv_handle_get_data(poll);
	napi_env env = reader->handle.addon->env;
	struct epoll_event ready[RINGS_MAX];
	napi_handle_scope scope;
	double records = 0;
	bool left;

	(void)status;
	(void)events;
	if (reader->depth || napi_open_handle_scope(env, &scope) != napi_ok)
		return;
	/* Takes the edges off; what they told of is read now. */
	epoll_wait(reader->epoll, ready, RINGS_MAX, 0);
	reader->depth++;
	left = reader_pass(env, reader, true, true, &records);
	if (!reader->handle.closed)
		reader_rearm(reader, left);
	reader_leave(reader);
	napi_close_handle_scope(env, scope);
}

static napi_value reader_read(napi_env env, napi_callback_info info, bool one)
{
	struct reader *reader;
	napi_value value;
	double records = 0;
	bool left;

	if (!arguments(env, info, 1, &value) || !(reader = handle_get(env, value, HANDLE_RING)))
		return NULL;
	if (reader->inside)
		return fail(env, "ring", "BPF_RING_BUSY", EBUSY, "drain", NULL);
	reader->depth++;
	left = reader_pass(env, reader, one, false, &records);
	if (!reader->handle.closed)
		reader_rearm(reader, left);
	reader_leave(reader);
	return number(env, records);
}

/* ringDrain(reader): how many records were delivered. What comes meanwhile waits: who floods must not own the thread. */
napi_value js_ringDrain(napi_env env, napi_callback_info info)
{
	return reader_read(env, info, false);
}

/* ringLook(reader): the same for one batch. A reader that wakes goes on with the others in the event loop. */
napi_value js_ringLook(napi_env env, napi_callback_info info)
{
	return reader_read(env, info, true);
}

static int reader_wake(napi_env env, struct reader *reader)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	struct uv_loop_s *loop;
	const char *type;
	uint32_t i;
	int err;

	type = uv_handle_type_name(LOOP_POLL_HANDLE);
	if (!type || strcmp(type, "poll") || napi_get_uv_event_loop(env, &loop) != napi_ok)
		return ENOSYS;
	reader->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (reader->epoll < 0)
		return errno;
	for (i = 0; i < reader->rings; i++)
		if (epoll_ctl(reader->epoll, EPOLL_CTL_ADD, reader->ring[i].fd, &event))
			return errno;
	reader->poll = calloc(1, uv_handle_size(LOOP_POLL_HANDLE));
	if (!reader->poll)
		return ENOMEM;
	err = uv_poll_init(loop, reader->poll, reader->epoll);
	if (err) {
		free(reader->poll);
		reader->poll = NULL;
		return -err;
	}
	uv_handle_set_data(reader->poll, reader);
	return -uv_poll_start(reader->poll, LOOP_READABLE, on_wake);
}

/* ringNew(maps, room, wake, onBatch, timeAt): reader */
napi_value js_ringNew(napi_env env, napi_callback_info info)
{
	napi_value argv[5], element, external;
	struct map *maps[RINGS_MAX];
	uint32_t room = 0, count = 0, time_at = 0, i;
	struct reader *reader;
	struct batch batch;
	bool wake = false;
	int err = 0;

	if (!arguments(env, info, 5, argv))
		return NULL;
	napi_get_array_length(env, argv[0], &count);
	napi_get_value_uint32(env, argv[1], &room);
	napi_get_value_bool(env, argv[2], &wake);
	if (count == 0 || count > RINGS_MAX)
		return fail(env, "ring", "BPF_RING", EINVAL, "maps", NULL);
	for (i = 0; i < count; i++) {
		napi_get_element(env, argv[0], i, &element);
		maps[i] = handle_get(env, element, HANDLE_MAP);
		if (!maps[i])
			return NULL;
		if (maps[i]->type != BPF_MAP_TYPE_RINGBUF)
			return fail(env, "ring", "BPF_RING", EINVAL, maps[i]->name, NULL);
	}
	reader = calloc(1, sizeof(*reader));
	if (!reader)
		return fail(env, "ring", "BPF_MEMORY", ENOMEM, "reader", NULL);
	reader->handle.kind = HANDLE_RING;
	reader->handle.release = reader_release;
	reader->handle.destroy = reader_destroy;
	reader->epoll = -1;
	reader->room = ((size_t)room + 7) / 8 * 8;
	external = handle_new(addon_of(env), &reader->handle);
	if (!external)
		return NULL;
	for (i = 0; i < count && !err; i++) {
		reader->rings = i + 1;
		err = ring_map(&reader->ring[i], maps[i]);
	}
	if (!err && napi_get_value_uint32(env, argv[4], &time_at) == napi_ok)
		err = merge_init(&reader->merge, time_at);
	if (!err && (napi_create_reference(env, argv[3], 1, &reader->callback) != napi_ok ||
		     !batch_begin(env, reader, &batch, reader->room)))
		err = ENOMEM;
	if (!err && wake) {
		if (napi_async_init(env, NULL, string(env, "runwarden:ring"), &reader->context) !=
			    napi_ok ||
		    napi_create_reference(env, external, 1, &reader->self) != napi_ok)
			err = ENOMEM;
		else
			err = reader_wake(env, reader);
	}
	if (err) {
		handle_close(&reader->handle);
		return fail(env, "ring", "BPF_RING", err, "reader", NULL);
	}
	return external;
}

/* ringRef(reader, on): whether it keeps the event loop alive */
napi_value js_ringRef(napi_env env, napi_callback_info info)
{
	struct reader *reader;
	napi_value argv[2];
	bool on = false;

	if (!arguments(env, info, 2, argv) || !(reader = handle_get(env, argv[0], HANDLE_RING)))
		return NULL;
	napi_get_value_bool(env, argv[1], &on);
	if (reader->poll && on)
		uv_ref(reader->poll);
	else if (reader->poll)
		uv_unref(reader->poll);
	return NULL;
}
