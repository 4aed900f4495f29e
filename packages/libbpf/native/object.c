// SPDX-License-Identifier: Apache-2.0
/* A BPF object file: open, prepare, load, run. */
#include "addon.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "object.h"

void object_settle(struct object *object)
{
	if (object->ahead != AHEAD_RUNS)
		return;
	pthread_join(object->thread, NULL);
	object->ahead = AHEAD_DONE;
}

static void object_release(struct handle *handle)
{
	struct object *object = (struct object *)handle;

	object_settle(object);
	free(object->log.text);
	bpf_object__close(object->bpf);
	object->bpf = NULL;
}

static void object_destroy(struct handle *handle)
{
	free(handle);
}

struct bpf_program *object_program(napi_env env, struct object *object, napi_value name,
				   const char *step)
{
	struct bpf_program *program;
	char *wanted = text(env, name);

	if (!wanted)
		return NULL;
	program = bpf_object__find_program_by_name(object->bpf, wanted);
	if (!program)
		fail(env, step, "BPF_NO_PROGRAM", ENOENT, wanted, NULL);
	free(wanted);
	return program;
}

static struct bpf_map *object_map(napi_env env, struct object *object, napi_value name,
				  const char *step)
{
	struct bpf_map *map;
	char *wanted = text(env, name);

	if (!wanted)
		return NULL;
	map = bpf_object__find_map_by_name(object->bpf, wanted);
	if (!map)
		fail(env, step, "BPF_NO_MAP", ENOENT, wanted, NULL);
	free(wanted);
	return map;
}

/* open(path, debug): object */
napi_value js_open(napi_env env, napi_callback_info info)
{
	struct object *object;
	napi_value argv[2], result = NULL;
	struct log log;
	bool debug = false;
	char *path;

	if (!arguments(env, info, 2, argv))
		return NULL;
	napi_get_value_bool(env, argv[1], &debug);
	path = text(env, argv[0]);
	if (!path)
		return NULL;
	object = calloc(1, sizeof(*object));
	if (!object) {
		free(path);
		return fail(env, "open", "BPF_MEMORY", ENOMEM, "object", NULL);
	}
	LIBBPF_OPTS(bpf_object_open_opts, options, .kernel_log_level = debug ? 1 : 0);
	log_begin(&log, debug);
	object->debug = debug;
	object->bpf = bpf_object__open_file(path, &options);
	if (object->bpf) {
		object->handle.kind = HANDLE_OBJECT;
		object->handle.release = object_release;
		object->handle.destroy = object_destroy;
		result = handle_new(addon_of(env), &object->handle);
	} else {
		fail(env, "open", "BPF_OPEN", errno, path, log.text);
		free(object);
	}
	log_end();
	free(path);
	return result;
}

/* disable(object, program): it is not loaded */
napi_value js_disable(napi_env env, napi_callback_info info)
{
	struct bpf_program *program;
	struct object *object;
	napi_value argv[2];

	if (!arguments(env, info, 2, argv) ||
	    !(object = handle_get(env, argv[0], HANDLE_OBJECT)) ||
	    !(program = object_program(env, object, argv[1], "open")))
		return NULL;
	bpf_program__set_autoload(program, false);
	return NULL;
}

/* reuse(object, name, map): the object's map of this name is that one */
napi_value js_reuse(napi_env env, napi_callback_info info)
{
	struct object *object;
	struct bpf_map *own;
	struct map *map;
	napi_value argv[3];
	int err;

	if (!arguments(env, info, 3, argv) ||
	    !(object = handle_get(env, argv[0], HANDLE_OBJECT)) ||
	    !(map = handle_get(env, argv[2], HANDLE_MAP)) ||
	    !(own = object_map(env, object, argv[1], "open")))
		return NULL;
	/* libbpf would take over the other's shape, and the programs read past its values. */
	if (bpf_map__type(own) != map->type || bpf_map__key_size(own) != map->key_size ||
	    bpf_map__value_size(own) != map->value_size)
		return fail(env, "open", "BPF_REUSE", EINVAL, bpf_map__name(own), NULL);
	err = bpf_map__reuse_fd(own, map->fd);
	if (err)
		return fail(env, "open", "BPF_REUSE", -err, bpf_map__name(own), NULL);
	return NULL;
}

/* resize(object, name, entries) */
napi_value js_resize(napi_env env, napi_callback_info info)
{
	struct object *object;
	struct bpf_map *map;
	napi_value argv[3];
	uint32_t entries = 0;
	int err;

	if (!arguments(env, info, 3, argv) ||
	    !(object = handle_get(env, argv[0], HANDLE_OBJECT)) ||
	    !(map = object_map(env, object, argv[1], "open")))
		return NULL;
	napi_get_value_uint32(env, argv[2], &entries);
	err = bpf_map__set_max_entries(map, entries);
	if (err)
		return fail(env, "open", "BPF_RESIZE", -err, bpf_map__name(map), NULL);
	return NULL;
}

/* makeMap(object, name): makes it before load, as load would */
napi_value js_makeMap(napi_env env, napi_callback_info info)
{
	LIBBPF_OPTS(bpf_map_create_opts, options);
	struct object *object;
	struct bpf_map *map;
	napi_value argv[2];
	int fd, err;

	if (!arguments(env, info, 2, argv) || !(object = handle_get(env, argv[0], HANDLE_OBJECT)) ||
	    !(map = object_map(env, object, argv[1], "open")))
		return NULL;
	options.map_flags = bpf_map__map_flags(map);
	options.numa_node = bpf_map__numa_node(map);
	options.map_extra = bpf_map__map_extra(map);
	fd = bpf_map_create(bpf_map__type(map), bpf_map__name(map), bpf_map__key_size(map),
			    bpf_map__value_size(map), bpf_map__max_entries(map), &options);
	if (fd < 0)
		return fail(env, "open", "BPF_MAP", errno, bpf_map__name(map), NULL);
	err = bpf_map__reuse_fd(map, fd);
	close(fd);
	if (err)
		fail(env, "open", "BPF_MAP", -err, bpf_map__name(map), NULL);
	return NULL;
}

/*
 * The verifier gives up with EAGAIN when a signal waits for its thread, and libbpf after five such
 * times: under load, or a profiler, that happens. So none is delivered to this thread meanwhile.
 */
static int load_undisturbed(struct bpf_object *object)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	err = bpf_object__load(object);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return err;
}

static void *load_now(void *data)
{
	struct object *object = data;

	log_begin(&object->log, object->debug);
	object->err = load_undisturbed(object->bpf);
	log_keep();
	return NULL;
}

/* loadAhead(object): load() in a thread; load() waits for it, and so does all else that concerns the object */
napi_value js_loadAhead(napi_env env, napi_callback_info info)
{
	struct object *object;
	napi_value value;

	if (!arguments(env, info, 1, &value) || !(object = handle_get(env, value, HANDLE_OBJECT)))
		return NULL;
	/* Without a thread load() does it. */
	if (object->ahead == AHEAD_NOT && !pthread_create(&object->thread, NULL, load_now, object))
		object->ahead = AHEAD_RUNS;
	return NULL;
}

/* load(object): log */
napi_value js_load(napi_env env, napi_callback_info info)
{
	struct object *object;
	napi_value value, result = NULL;
	const char *said;

	if (!arguments(env, info, 1, &value) || !(object = handle_get(env, value, HANDLE_OBJECT)))
		return NULL;
	if (object->ahead == AHEAD_NOT)
		load_now(object);
	object->ahead = AHEAD_NOT;
	said = object->log.text ? object->log.text : "";
	if (object->err)
		fail(env, "load", "BPF_LOAD", -object->err, bpf_object__name(object->bpf), said);
	else
		result = string(env, said);
	free(object->log.text);
	object->log.text = NULL;
	/* The kernel's type information and the verifier's log took some 20 MB, once. */
	malloc_trim(0);
	return result;
}

/* programs(object): [{name, section, type}] */
napi_value js_programs(napi_env env, napi_callback_info info)
{
	struct bpf_program *program;
	struct object *object;
	napi_value value, list, entry;
	const char *type;
	uint32_t i = 0;

	if (!arguments(env, info, 1, &value) ||
	    !(object = handle_get(env, value, HANDLE_OBJECT)) ||
	    napi_create_array(env, &list) != napi_ok)
		return NULL;
	bpf_object__for_each_program(program, object->bpf) {
		type = libbpf_bpf_prog_type_str(bpf_program__type(program));
		napi_create_object(env, &entry);
		set(env, entry, "name", string(env, bpf_program__name(program)));
		set(env, entry, "section", string(env, bpf_program__section_name(program)));
		set(env, entry, "type", string(env, type ? type : "unknown"));
		napi_set_element(env, list, i++, entry);
	}
	return list;
}

/* objectMap(object, name): map */
napi_value js_objectMap(napi_env env, napi_callback_info info)
{
	struct object *object;
	struct bpf_map *map;
	napi_value argv[2];
	int fd;

	if (!arguments(env, info, 2, argv) ||
	    !(object = handle_get(env, argv[0], HANDLE_OBJECT)) ||
	    !(map = object_map(env, object, argv[1], "map")))
		return NULL;
	if (bpf_map__fd(map) < 0)
		return fail(env, "map", "BPF_NOT_LOADED", EBADF, bpf_map__name(map), NULL);
	fd = fcntl(bpf_map__fd(map), F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return fail(env, "map", "BPF_MAP", errno, bpf_map__name(map), NULL);
	return map_from_fd(env, fd, bpf_map__name(map));
}

/* run(object, program, context?): what the program returned, run once by BPF_PROG_RUN */
napi_value js_run(napi_env env, napi_callback_info info)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);
	struct bpf_program *program;
	struct object *object;
	napi_value argv[3];
	uint8_t *context;
	size_t length;
	int err;

	if (!arguments(env, info, 3, argv) ||
	    !(object = handle_get(env, argv[0], HANDLE_OBJECT)) ||
	    !(program = object_program(env, object, argv[1], "run")))
		return NULL;
	if (!is_undefined(env, argv[2])) {
		if (!bytes(env, argv[2], &context, &length))
			return NULL;
		options.ctx_in = context;
		options.ctx_size_in = (uint32_t)length;
	}
	err = bpf_prog_test_run_opts(bpf_program__fd(program), &options);
	if (err)
		return fail(env, "run", "BPF_RUN", -err, bpf_program__name(program), NULL);
	return number(env, options.retval);
}
