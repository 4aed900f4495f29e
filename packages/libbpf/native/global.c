// SPDX-License-Identifier: Apache-2.0
/* Global variables of an object, which have their values before it is loaded. */
#include "addon.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "object.h"

/* Where a global variable lives in the initial value of its section's map. */
static void *find_global(struct bpf_object *object, const char *name, size_t *size)
{
	const struct btf *btf = bpf_object__btf(object);
	const struct btf_type *section, *variable;
	struct btf_var_secinfo *place;
	struct bpf_map *map;
	uint32_t id, i;
	uint8_t *data;

	for (id = 1; btf && id < btf__type_cnt(btf); id++) {
		section = btf__type_by_id(btf, id);
		if (!btf_is_datasec(section))
			continue;
		place = btf_var_secinfos(section);
		for (i = 0; i < btf_vlen(section); i++, place++) {
			variable = btf__type_by_id(btf, place->type);
			if (!btf_is_var(variable) ||
			    strcmp(btf__name_by_offset(btf, variable->name_off), name))
				continue;
			map = bpf_object__find_map_by_name(
				object, btf__name_by_offset(btf, section->name_off));
			data = map ? (uint8_t *)bpf_map__initial_value(map, size) : NULL;
			if (!data || place->offset + place->size > *size)
				return NULL;
			*size = place->size;
			return data + place->offset;
		}
	}
	return NULL;
}

/*
 * global(object, name, value): sets a variable of .rodata, .data or .bss before load. The value
 * is a bigint, which the variable must be able to hold, or bytes, zero-filled to its size.
 */
napi_value js_global(napi_env env, napi_callback_info info)
{
	struct object *object;
	napi_value argv[3];
	napi_valuetype type = napi_undefined;
	uint64_t unsigned_value = 0;
	int64_t signed_value = 0;
	bool fits, fits_signed;
	size_t size = 0, length = 0;
	uint8_t *place, *value;
	int bits;
	char *name;

	if (!arguments(env, info, 3, argv) || !(object = handle_get(env, argv[0], HANDLE_OBJECT)))
		return NULL;
	napi_typeof(env, argv[2], &type);
	if (type != napi_bigint && !bytes(env, argv[2], &value, &length))
		return NULL;
	name = text(env, argv[1]);
	if (!name)
		return NULL;
	place = find_global(object->bpf, name, &size);
	if (!place) {
		fail(env, "open", "BPF_NO_GLOBAL", ENOENT, name, NULL);
	} else if (type != napi_bigint) {
		if (length > size) {
			fail(env, "open", "BPF_SIZE", E2BIG, name, NULL);
		} else {
			memcpy(place, value, length);
			memset(place + length, 0, size - length);
		}
	} else {
		napi_get_value_bigint_uint64(env, argv[2], &unsigned_value, &fits);
		napi_get_value_bigint_int64(env, argv[2], &signed_value, &fits_signed);
		bits = size < 8 ? (int)size * 8 : 64;
		if (fits && bits < 64)
			fits = unsigned_value >> bits == 0;
		if (fits_signed && bits < 64)
			fits_signed = signed_value >= -(1LL << (bits - 1)) &&
				      signed_value < 1LL << (bits - 1);
		if (size != 1 && size != 2 && size != 4 && size != 8)
			fail(env, "open", "BPF_SIZE", EINVAL, name, NULL);
		else if (!fits && !fits_signed)
			fail(env, "open", "BPF_SIZE", ERANGE, name, NULL);
		else /* little-endian, as both architectures are */
			memcpy(place, fits ? (void *)&unsigned_value : (void *)&signed_value, size);
	}
	free(name);
	return NULL;
}
