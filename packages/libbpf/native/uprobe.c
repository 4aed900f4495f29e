// SPDX-License-Identifier: Apache-2.0
/* Programs at places of files. */
#include "addon.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "object.h"

/* Of linux/bpf.h, which older headers lack (6.6). */
#define UPROBE_MULTI 48
#define UPROBE_MULTI_RETURN 1

/* The part of union bpf_attr that BPF_LINK_CREATE takes for them. */
struct multi_attr {
	uint32_t prog_fd, target_fd, attach_type, flags;
	uint64_t path, offsets, ref_ctr_offsets, cookies;
	uint32_t count, multi_flags, pid, unused;
};

struct uprobes {
	struct handle handle;
	int fd; /* of the one link for all; -1: each has its own */
	struct bpf_link **links;
	size_t count;
};

static void uprobes_release(struct handle *handle)
{
	struct uprobes *uprobes = (struct uprobes *)handle;

	if (uprobes->fd >= 0)
		close(uprobes->fd);
	for (size_t i = 0; i < uprobes->count; i++)
		bpf_link__destroy(uprobes->links[i]);
	uprobes->count = 0;
	uprobes->fd = -1;
}

static void uprobes_destroy(struct handle *handle)
{
	free(((struct uprobes *)handle)->links);
	free(handle);
}

/* multiUprobe(object, program): before load; its places will be attached by one link */
napi_value js_multiUprobe(napi_env env, napi_callback_info info)
{
	struct bpf_program *program;
	struct object *object;
	napi_value argv[2];

	if (!arguments(env, info, 2, argv) || !(object = handle_get(env, argv[0], HANDLE_OBJECT)) ||
	    !(program = object_program(env, object, argv[1], "open")))
		return NULL;
	bpf_program__set_expected_attach_type(program, UPROBE_MULTI);
	return NULL;
}

static bool words(napi_env env, napi_value value, uint64_t **data, size_t *count)
{
	napi_typedarray_type type;
	bool is = false;

	if (napi_is_typedarray(env, value, &is) == napi_ok && is &&
	    napi_get_typedarray_info(env, value, &type, count, (void **)data, NULL, NULL) == napi_ok &&
	    type == napi_biguint64_array)
		return true;
	napi_throw_type_error(env, "BPF_ARGUMENT", "a BigUint64Array is expected");
	return false;
}

static int attach_together(struct uprobes *uprobes, struct bpf_program *program, const char *path,
			   const uint64_t *offsets, const uint64_t *cookies, size_t count, bool returns)
{
	struct multi_attr attr = {
		.prog_fd = bpf_program__fd(program),
		.attach_type = UPROBE_MULTI,
		.path = (uintptr_t)path,
		.offsets = (uintptr_t)offsets,
		.cookies = (uintptr_t)cookies,
		.count = count,
		.multi_flags = returns ? UPROBE_MULTI_RETURN : 0,
	};

	uprobes->fd = syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));
	return uprobes->fd < 0 ? errno : 0;
}

static int attach_each(struct uprobes *uprobes, struct bpf_program *program, const char *path,
		       const uint64_t *offsets, const uint64_t *cookies, size_t count, bool returns)
{
	for (size_t i = 0; i < count; i++) {
		DECLARE_LIBBPF_OPTS(bpf_uprobe_opts, opts, .retprobe = returns, .bpf_cookie = cookies[i]);
		struct bpf_link *link = bpf_program__attach_uprobe_opts(program, -1, path, offsets[i], &opts);

		if (!link)
			return errno;
		uprobes->links[uprobes->count++] = link;
	}
	return 0;
}

/* attachUprobes(object, program, path, offsets, cookies, returns): in every process that maps the file */
napi_value js_attachUprobes(napi_env env, napi_callback_info info)
{
	size_t count = 0, cookie_count = 0;
	uint64_t *offsets, *cookies;
	struct bpf_program *program;
	struct uprobes *uprobes;
	struct object *object;
	napi_value argv[6];
	bool returns = false;
	struct log log;
	char *path;
	int err;

	if (!arguments(env, info, 6, argv) || !(object = handle_get(env, argv[0], HANDLE_OBJECT)) ||
	    !(program = object_program(env, object, argv[1], "attach")) ||
	    !words(env, argv[3], &offsets, &count) || !words(env, argv[4], &cookies, &cookie_count) ||
	    !(path = text(env, argv[2])))
		return NULL;
	napi_get_value_bool(env, argv[5], &returns);
	uprobes = calloc(1, sizeof(*uprobes));
	if (uprobes)
		uprobes->links = calloc(count + 1, sizeof(*uprobes->links));
	if (!uprobes || !uprobes->links || count != cookie_count || bpf_program__fd(program) < 0) {
		if (uprobes)
			free(uprobes->links);
		free(uprobes);
		free(path);
		return fail(env, "attach", bpf_program__fd(program) < 0 ? "BPF_NOT_LOADED" : "BPF_ATTACH", EINVAL,
			    bpf_program__name(program), NULL);
	}
	uprobes->fd = -1;
	uprobes->handle.kind = HANDLE_UPROBES;
	uprobes->handle.release = uprobes_release;
	uprobes->handle.destroy = uprobes_destroy;
	log_begin(&log, false);
	if (bpf_program__expected_attach_type(program) == UPROBE_MULTI)
		err = attach_together(uprobes, program, path, offsets, cookies, count, returns);
	else
		err = attach_each(uprobes, program, path, offsets, cookies, count, returns);
	if (err) {
		uprobes_release(&uprobes->handle);
		uprobes_destroy(&uprobes->handle);
		fail(env, "attach", "BPF_ATTACH", err, bpf_program__name(program), log.text);
	}
	log_end();
	free(path);
	return err ? NULL : handle_new(addon_of(env), &uprobes->handle);
}

static void *release_in_thread(void *handle)
{
	uprobes_release(handle);
	return NULL;
}

/* closeUprobes(array): each waits for the kernel, all at once */
napi_value js_closeUprobes(napi_env env, napi_callback_info info)
{
	uint32_t count = 0, started = 0;
	pthread_t *threads;
	napi_value array;

	if (!arguments(env, info, 1, &array) || napi_get_array_length(env, array, &count) != napi_ok)
		return NULL;
	threads = calloc(count + 1, sizeof(*threads));
	for (uint32_t i = 0; i < count; i++) {
		struct handle *handle = NULL;
		napi_value item;

		if (napi_get_element(env, array, i, &item) != napi_ok ||
		    napi_get_value_external(env, item, (void **)&handle) != napi_ok || !handle ||
		    handle->kind != HANDLE_UPROBES || handle->closed)
			continue;
		handle->closed = true;
		if (handle->next)
			handle->next->prev = handle->prev;
		*handle->prev = handle->next;
		if (threads && !pthread_create(&threads[started], NULL, release_in_thread, handle))
			started++;
		else
			uprobes_release(handle);
	}
	while (started)
		pthread_join(threads[--started], NULL);
	free(threads);
	return NULL;
}
