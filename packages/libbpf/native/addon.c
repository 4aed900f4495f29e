// SPDX-License-Identifier: Apache-2.0
#include "object.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

struct addon *addon_of(napi_env env)
{
	struct addon *addon = NULL;

	napi_get_instance_data(env, (void **)&addon);
	return addon;
}

napi_value undefined(napi_env env)
{
	napi_value value = NULL;

	napi_get_undefined(env, &value);
	return value;
}

napi_value number(napi_env env, double value)
{
	napi_value result = NULL;

	napi_create_double(env, value, &result);
	return result;
}

napi_value string(napi_env env, const char *value)
{
	napi_value result = NULL;

	napi_create_string_utf8(env, value, NAPI_AUTO_LENGTH, &result);
	return result;
}

void set(napi_env env, napi_value object, const char *name, napi_value value)
{
	napi_set_named_property(env, object, name, value);
}

napi_value fail(napi_env env, const char *step, const char *code, int err, const char *what,
		const char *log)
{
	struct addon *addon = addon_of(env);
	napi_value factory, error, argv[5];
	bool pending = false;

	if (napi_is_exception_pending(env, &pending) != napi_ok || pending)
		return NULL;
	argv[0] = string(env, step);
	argv[1] = string(env, code);
	argv[2] = number(env, err);
	argv[3] = string(env, what);
	argv[4] = log ? string(env, log) : undefined(env);
	if (napi_get_reference_value(env, addon->fail, &factory) == napi_ok &&
	    napi_call_function(env, undefined(env), factory, 5, argv, &error) == napi_ok)
		napi_throw(env, error);
	return NULL;
}

bool arguments(napi_env env, napi_callback_info info, size_t count, napi_value *values)
{
	return napi_get_cb_info(env, info, &count, values, NULL, NULL) == napi_ok;
}

char *text(napi_env env, napi_value value)
{
	size_t length = 0;
	char *copy;

	if (napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok) {
		napi_throw_type_error(env, "BPF_ARGUMENT", "a string is expected");
		return NULL;
	}
	copy = malloc(length + 1);
	if (!copy) {
		fail(env, "open", "BPF_MEMORY", ENOMEM, "argument", NULL);
		return NULL;
	}
	napi_get_value_string_utf8(env, value, copy, length + 1, &length);
	/* An embedded NUL would silently name another file than the caller's. */
	if (strlen(copy) != length) {
		free(copy);
		napi_throw_type_error(env, "BPF_ARGUMENT", "a string without NUL is expected");
		return NULL;
	}
	return copy;
}

bool bytes(napi_env env, napi_value value, uint8_t **data, size_t *length)
{
	napi_typedarray_type type;
	bool is = false;

	if (napi_is_typedarray(env, value, &is) == napi_ok && is &&
	    napi_get_typedarray_info(env, value, &type, length, (void **)data, NULL, NULL) ==
		    napi_ok &&
	    type == napi_uint8_array)
		return true;
	napi_throw_type_error(env, "BPF_ARGUMENT", "a Uint8Array is expected");
	return false;
}

bool is_undefined(napi_env env, napi_value value)
{
	napi_valuetype type = napi_undefined;

	napi_typeof(env, value, &type);
	return type == napi_undefined;
}

static void handle_finalize(napi_env env, void *data, void *hint)
{
	struct handle *handle = data;

	(void)env;
	(void)hint;
	handle_close(handle);
	handle->destroy(handle);
}

/*
 * Takes over the handle, whatever happens: on failure it is released and an exception is
 * pending.
 */
napi_value handle_new(struct addon *addon, struct handle *handle)
{
	napi_value external;

	handle->addon = addon;
	handle->next = addon->live;
	handle->prev = &addon->live;
	if (handle->next)
		handle->next->prev = &handle->next;
	addon->live = handle;
	if (napi_create_external(addon->env, handle, handle_finalize, NULL, &external) == napi_ok)
		return external;
	handle_close(handle);
	handle->destroy(handle);
	return fail(addon->env, "open", "BPF_MEMORY", ENOMEM, "handle", NULL);
}

void *handle_get(napi_env env, napi_value value, enum handle_kind kind)
{
	static const char *const names[] = {
		[HANDLE_OBJECT] = "object",
		[HANDLE_LINK] = "link",
		[HANDLE_MAP] = "map",
		[HANDLE_RING] = "ring",
		[HANDLE_UPROBES] = "uprobes",
	};
	static const char *const steps[] = {
		[HANDLE_OBJECT] = "open",
		[HANDLE_LINK] = "attach",
		[HANDLE_MAP] = "map",
		[HANDLE_RING] = "ring",
		[HANDLE_UPROBES] = "attach",
	};
	struct handle *handle = NULL;

	if (napi_get_value_external(env, value, (void **)&handle) != napi_ok || !handle ||
	    handle->kind != kind) {
		napi_throw_type_error(env, "BPF_ARGUMENT", "not a handle of this kind");
		return NULL;
	}
	if (handle->closed) {
		fail(env, steps[kind], "BPF_CLOSED", EBADF, names[kind], NULL);
		return NULL;
	}
	if (kind == HANDLE_OBJECT)
		object_settle((struct object *)handle);
	return handle;
}

void handle_close(struct handle *handle)
{
	if (handle->closed)
		return;
	handle->closed = true;
	if (handle->next)
		handle->next->prev = handle->prev;
	*handle->prev = handle->next;
	handle->release(handle);
}

/* close(handle): releases what it holds; a second time does nothing. */
static napi_value js_close(napi_env env, napi_callback_info info)
{
	struct handle *handle = NULL;
	napi_value value;

	if (!arguments(env, info, 1, &value))
		return NULL;
	if (napi_get_value_external(env, value, (void **)&handle) == napi_ok && handle)
		handle_close(handle);
	return NULL;
}

/* A worker that ends, or the process: nothing of this environment may stay in the kernel. */
static void addon_end(napi_async_cleanup_hook_handle hook, void *data)
{
	struct addon *addon = data;

	addon->ending = true;
	while (addon->live)
		handle_close(addon->live);
	if (!addon->closing)
		napi_remove_async_cleanup_hook(hook);
}

static void addon_free(napi_env env, void *data, void *hint)
{
	(void)env;
	(void)hint;
	free(data);
}

static bool export(napi_env env, napi_value exports, const char *name, napi_callback callback)
{
	napi_value function;

	return napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, NULL, &function) ==
		       napi_ok &&
	       napi_set_named_property(env, exports, name, function) == napi_ok;
}

/* start(fail): told once per environment how errors are made. */
static napi_value js_start(napi_env env, napi_callback_info info)
{
	struct addon *addon = addon_of(env);
	napi_value factory;

	if (!arguments(env, info, 1, &factory))
		return NULL;
	if (!addon->fail)
		napi_create_reference(env, factory, 1, &addon->fail);
	return NULL;
}

NAPI_MODULE_INIT(/* napi_env env, napi_value exports */)
{
	struct addon *addon = calloc(1, sizeof(*addon));

	if (!addon) {
		napi_throw_error(env, "BPF_MEMORY", "out of memory");
		return NULL;
	}
	addon->env = env;
	/* glibc raises this by itself with the first large block that is freed; all later ones then stay resident. */
	mallopt(M_MMAP_THRESHOLD, 128 * 1024);
	if (napi_set_instance_data(env, addon, addon_free, NULL) != napi_ok) {
		free(addon);
		return NULL;
	}
	if (napi_add_async_cleanup_hook(env, addon_end, addon, &addon->cleanup) != napi_ok)
		return NULL;
	log_install();
	if (!export(env, exports, "start", js_start) || !export(env, exports, "close", js_close))
		return NULL;
#define EXPORT(name)                                                                               \
	if (!export(env, exports, #name, js_##name))                                               \
		return NULL;
	EXPORTED(EXPORT)
#undef EXPORT
	return exports;
}
