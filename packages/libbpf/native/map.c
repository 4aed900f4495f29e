// SPDX-License-Identifier: Apache-2.0
/* Maps: one entry, batches of entries, by name, id or pinned path. */
#include "addon.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void map_release(struct handle *handle)
{
	struct map *map = (struct map *)handle;

	close(map->fd);
	map->fd = -1;
}

static void map_destroy(struct handle *handle)
{
	free(handle);
}

static bool per_cpu(uint32_t type)
{
	return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_ARRAY ||
	       type == BPF_MAP_TYPE_LRU_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE;
}

/* Takes over the descriptor. */
napi_value map_from_fd(napi_env env, int fd, const char *what)
{
	struct bpf_map_info info = {};
	uint32_t size = sizeof(info);
	struct map *map;
	int err, cpus;

	err = bpf_obj_get_info_by_fd(fd, &info, &size);
	map = err ? NULL : calloc(1, sizeof(*map));
	if (!map) {
		close(fd);
		return fail(env, "map", "BPF_MAP", err ? -err : ENOMEM, what, NULL);
	}
	map->fd = fd;
	map->type = info.type;
	map->id = info.id;
	map->key_size = info.key_size;
	map->value_size = info.value_size;
	map->max_entries = info.max_entries;
	map->slot = info.value_size;
	if (per_cpu(info.type)) {
		cpus = libbpf_num_possible_cpus();
		if (cpus < 0) {
			close(fd);
			free(map);
			return fail(env, "map", "BPF_MAP", -cpus, what, NULL);
		}
		map->slot = ((size_t)info.value_size + 7) / 8 * 8 * cpus;
	}
	memcpy(map->name, info.name, sizeof(map->name));
	map->name[sizeof(map->name) - 1] = 0;
	map->handle.kind = HANDLE_MAP;
	map->handle.release = map_release;
	map->handle.destroy = map_destroy;
	return handle_new(addon_of(env), &map->handle);
}

/* openMapId(id): map */
napi_value js_openMapId(napi_env env, napi_callback_info info)
{
	char what[32];
	napi_value value;
	uint32_t id = 0;
	int fd;

	if (!arguments(env, info, 1, &value))
		return NULL;
	napi_get_value_uint32(env, value, &id);
	snprintf(what, sizeof(what), "map id %u", id);
	fd = bpf_map_get_fd_by_id(id);
	if (fd < 0)
		return fail(env, "map", errno == ENOENT ? "BPF_NO_MAP" : "BPF_MAP", errno, what, NULL);
	return map_from_fd(env, fd, what);
}

/* openMapPin(path): map */
napi_value js_openMapPin(napi_env env, napi_callback_info info)
{
	napi_value value, result;
	char *path;
	int fd;

	if (!arguments(env, info, 1, &value) || !(path = text(env, value)))
		return NULL;
	fd = bpf_obj_get(path);
	if (fd < 0)
		result = fail(env, "pin", "BPF_OPEN_PIN", errno, path, NULL);
	else
		result = map_from_fd(env, fd, path);
	free(path);
	return result;
}

/* mapInfo(map): {type, id, keySize, valueSize, maxEntries, slot, name} */
napi_value js_mapInfo(napi_env env, napi_callback_info info)
{
	napi_value value, result;
	struct map *map;

	if (!arguments(env, info, 1, &value) || !(map = handle_get(env, value, HANDLE_MAP)) ||
	    napi_create_object(env, &result) != napi_ok)
		return NULL;
	set(env, result, "type", number(env, map->type));
	set(env, result, "id", number(env, map->id));
	set(env, result, "keySize", number(env, map->key_size));
	set(env, result, "valueSize", number(env, map->value_size));
	set(env, result, "maxEntries", number(env, map->max_entries));
	set(env, result, "slot", number(env, (double)map->slot));
	set(env, result, "name", string(env, map->name));
	return result;
}

/* Bytes that must be `count` items of `size`. */
static bool sized(napi_env env, struct map *map, napi_value value, size_t size, size_t count,
		  const char *code, uint8_t **data)
{
	size_t length;

	if (!bytes(env, value, data, &length))
		return false;
	if (size != 0 && length / size >= count && (count != 1 || length == size))
		return true;
	fail(env, "map", code, EINVAL, map->name, NULL);
	return false;
}

/* mapGet(map, key): Buffer or undefined */
napi_value js_mapGet(napi_env env, napi_callback_info info)
{
	napi_value argv[2], result;
	struct map *map;
	uint8_t *key;
	void *value;
	int err;

	if (!arguments(env, info, 2, argv) || !(map = handle_get(env, argv[0], HANDLE_MAP)) ||
	    !sized(env, map, argv[1], map->key_size, 1, "BPF_KEY_SIZE", &key))
		return NULL;
	if (napi_create_buffer(env, map->slot, &value, &result) != napi_ok)
		return NULL;
	err = bpf_map_lookup_elem(map->fd, key, value);
	if (!err)
		return result;
	if (errno == ENOENT)
		return undefined(env);
	return fail(env, "map", "BPF_MAP", errno, map->name, NULL);
}

/* mapSet(map, key, value, flags) */
napi_value js_mapSet(napi_env env, napi_callback_info info)
{
	uint8_t *key, *value;
	napi_value argv[4];
	struct map *map;
	int64_t flags = 0;

	if (!arguments(env, info, 4, argv) || !(map = handle_get(env, argv[0], HANDLE_MAP)) ||
	    !sized(env, map, argv[1], map->key_size, 1, "BPF_KEY_SIZE", &key) ||
	    !sized(env, map, argv[2], map->slot, 1, "BPF_VALUE_SIZE", &value))
		return NULL;
	napi_get_value_int64(env, argv[3], &flags);
	if (bpf_map_update_elem(map->fd, key, value, flags))
		return fail(env, "map", "BPF_MAP", errno, map->name, NULL);
	return NULL;
}

/* mapDelete(map, key): whether it was there */
napi_value js_mapDelete(napi_env env, napi_callback_info info)
{
	napi_value argv[2], result;
	struct map *map;
	uint8_t *key;
	int err;

	if (!arguments(env, info, 2, argv) || !(map = handle_get(env, argv[0], HANDLE_MAP)) ||
	    !sized(env, map, argv[1], map->key_size, 1, "BPF_KEY_SIZE", &key))
		return NULL;
	err = bpf_map_delete_elem(map->fd, key);
	if (err && errno != ENOENT)
		return fail(env, "map", "BPF_MAP", errno, map->name, NULL);
	napi_get_boolean(env, !err, &result);
	return result;
}

/* The kernel's ENOTSUPP, which has no name in user space: this type of map has no batches. */
static bool no_batch(int err)
{
	return err == 524 || err == EOPNOTSUPP;
}

/*
 * mapSetBatch(map, keys, values, count): how many were written. On an error the entries before
 * the refused one are written; the message counts them.
 */
napi_value js_mapSetBatch(napi_env env, napi_callback_info info)
{
	LIBBPF_OPTS(bpf_map_batch_opts, options);
	uint8_t *keys, *values;
	uint32_t count = 0, done, i;
	napi_value argv[4];
	struct map *map;
	int err;

	if (!arguments(env, info, 4, argv) || !(map = handle_get(env, argv[0], HANDLE_MAP)))
		return NULL;
	napi_get_value_uint32(env, argv[3], &count);
	if (count == 0)
		return number(env, 0);
	if (!sized(env, map, argv[1], map->key_size, count, "BPF_KEY_SIZE", &keys) ||
	    !sized(env, map, argv[2], map->slot, count, "BPF_VALUE_SIZE", &values))
		return NULL;
	done = count;
	err = bpf_map_update_batch(map->fd, keys, values, &done, &options) ? errno : 0;
	if (no_batch(err)) {
		err = 0;
		for (i = 0; i < count && !err; i++)
			err = bpf_map_update_elem(map->fd, keys + (size_t)i * map->key_size,
						  values + (size_t)i * map->slot, BPF_ANY) ?
				      errno :
				      0;
	}
	if (err)
		return fail(env, "map", "BPF_MAP", err, map->name, NULL);
	return number(env, count);
}

/* mapDeleteBatch(map, keys, count): how many were there; those that were not are passed over */
napi_value js_mapDeleteBatch(napi_env env, napi_callback_info info)
{
	uint32_t count = 0, deleted = 0, i, part;
	napi_value argv[3];
	struct map *map;
	uint8_t *keys;
	int err;

	if (!arguments(env, info, 3, argv) || !(map = handle_get(env, argv[0], HANDLE_MAP)))
		return NULL;
	napi_get_value_uint32(env, argv[2], &count);
	if (count == 0)
		return number(env, 0);
	if (!sized(env, map, argv[1], map->key_size, count, "BPF_KEY_SIZE", &keys))
		return NULL;
	for (i = 0; i < count;) {
		LIBBPF_OPTS(bpf_map_batch_opts, options);

		part = count - i;
		err = bpf_map_delete_batch(map->fd, keys + (size_t)i * map->key_size, &part,
					   &options) ?
			      errno :
			      0;
		if (!err || (err == ENOENT && part < count - i)) {
			/* The batch stops at the first key that is not there. */
			deleted += part;
			i += err ? part + 1 : part;
		} else if (no_batch(err)) {
			err = bpf_map_delete_elem(map->fd, keys + (size_t)i * map->key_size) ?
				      errno :
				      0;
			if (err && err != ENOENT)
				return fail(env, "map", "BPF_MAP", err, map->name, NULL);
			deleted += !err;
			i++;
		} else {
			return fail(env, "map", "BPF_MAP", err, map->name, NULL);
		}
	}
	return number(env, deleted);
}

/*
 * mapBatch(map, cursor or undefined, count, take): {keys, values, count, cursor} or undefined
 * when the map has no batches. `cursor` is undefined behind the last entry. With `take` the
 * entries are deleted as they are read.
 */
napi_value js_mapBatch(napi_env env, napi_callback_info info)
{
	LIBBPF_OPTS(bpf_map_batch_opts, options);
	napi_value argv[4], keys, values, cursor, result;
	uint8_t *previous = NULL;
	void *key_data, *value_data, *next;
	size_t length = 0, cursor_size;
	uint32_t wanted = 0, count;
	struct map *map;
	bool take = false;
	int err, tries = 16;

	if (!arguments(env, info, 4, argv) || !(map = handle_get(env, argv[0], HANDLE_MAP)))
		return NULL;
	napi_get_value_uint32(env, argv[2], &wanted);
	napi_get_value_bool(env, argv[3], &take);
	/* Hash maps keep a u32 bucket there, the others a key. */
	cursor_size = map->key_size > 4 ? map->key_size : 4;
	if (!is_undefined(env, argv[1]) &&
	    (!bytes(env, argv[1], &previous, &length) || length != cursor_size))
		return NULL;
	if (napi_create_buffer(env, (size_t)wanted * map->key_size, &key_data, &keys) != napi_ok ||
	    napi_create_buffer(env, (size_t)wanted * map->slot, &value_data, &values) != napi_ok ||
	    napi_create_buffer(env, cursor_size, &next, &cursor) != napi_ok ||
	    napi_create_object(env, &result) != napi_ok)
		return NULL;
	memset(next, 0, cursor_size);
	do {
		count = wanted;
		if (take)
			err = bpf_map_lookup_and_delete_batch(map->fd, previous, next, key_data,
							      value_data, &count, &options);
		else
			err = bpf_map_lookup_batch(map->fd, previous, next, key_data, value_data,
						   &count, &options);
		err = err ? errno : 0;
		/* EINTR: an entry went away under the walk; what came before it is there. */
		if (err == EINTR && count)
			err = 0;
	} while (err == EINTR && tries--);
	if (no_batch(err))
		return undefined(env);
	if (err && err != ENOENT)
		return fail(env, "map", err == ENOSPC ? "BPF_BATCH_SPACE" : "BPF_MAP", err,
			    map->name, NULL);
	set(env, result, "keys", keys);
	set(env, result, "values", values);
	set(env, result, "count", number(env, count));
	set(env, result, "cursor", err == ENOENT ? undefined(env) : cursor);
	return result;
}

/*
 * mapUsed(map): {keys, values, count} of an array that can be mapped into memory (BPF_F_MMAPABLE): the entries that do not
 * begin with 8 zero bytes. A batch of all its entries costs a copy of each, and a look at what all of these hold.
 */
napi_value js_mapUsed(napi_env env, napi_callback_info info)
{
	napi_value argv[1], keys, values, result;
	size_t size, length, page = sysconf(_SC_PAGESIZE);
	void *key_data, *value_data;
	uint32_t room = 0, count = 0;
	struct map *map;
	const uint8_t *all;

	if (!arguments(env, info, 1, argv) || !(map = handle_get(env, argv[0], HANDLE_MAP)))
		return NULL;
	size = ((size_t)map->value_size + 7) / 8 * 8;
	length = (size * map->max_entries + page - 1) / page * page;
	all = mmap(NULL, length, PROT_READ, MAP_SHARED, map->fd, 0);
	if (all == MAP_FAILED)
		return fail(env, "map", "BPF_MAP", errno, map->name, NULL);
	for (uint32_t i = 0; i < map->max_entries; i++)
		room += *(const uint64_t *)(all + i * size) != 0;
	if (napi_create_buffer(env, (size_t)room * sizeof(uint32_t), &key_data, &keys) != napi_ok ||
	    napi_create_buffer(env, (size_t)room * map->slot, &value_data, &values) != napi_ok ||
	    napi_create_object(env, &result) != napi_ok) {
		munmap((void *)all, length);
		return NULL;
	}
	/* What comes meanwhile has no room, and what goes leaves some. */
	for (uint32_t i = 0; i < map->max_entries && count < room; i++) {
		if (!*(const uint64_t *)(all + i * size))
			continue;
		memcpy((uint8_t *)key_data + count * sizeof(uint32_t), &i, sizeof(uint32_t));
		memcpy((uint8_t *)value_data + (size_t)count * map->slot, all + i * size, map->slot);
		count++;
	}
	munmap((void *)all, length);
	set(env, result, "keys", keys);
	set(env, result, "values", values);
	set(env, result, "count", number(env, count));
	return result;
}

/* mapNextKey(map, key or undefined): the key behind it, undefined behind the last */
napi_value js_mapNextKey(napi_env env, napi_callback_info info)
{
	napi_value argv[2], result;
	uint8_t *key = NULL;
	struct map *map;
	void *next;

	if (!arguments(env, info, 2, argv) || !(map = handle_get(env, argv[0], HANDLE_MAP)))
		return NULL;
	if (!is_undefined(env, argv[1]) &&
	    !sized(env, map, argv[1], map->key_size, 1, "BPF_KEY_SIZE", &key))
		return NULL;
	if (napi_create_buffer(env, map->key_size, &next, &result) != napi_ok)
		return NULL;
	if (!bpf_map_get_next_key(map->fd, key, next))
		return result;
	if (errno == ENOENT)
		return undefined(env);
	return fail(env, "map", "BPF_MAP", errno, map->name, NULL);
}
