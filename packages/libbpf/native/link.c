// SPDX-License-Identifier: Apache-2.0
/* What holds a program to its hook. */
#include "addon.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "object.h"

struct link {
	struct handle handle;
	struct bpf_link *bpf;
};

static void link_release(struct handle *handle)
{
	struct link *link = (struct link *)handle;

	bpf_link__destroy(link->bpf);
	link->bpf = NULL;
}

static void link_destroy(struct handle *handle)
{
	free(handle);
}

static napi_value link_new(napi_env env, struct bpf_link *bpf)
{
	struct link *link = calloc(1, sizeof(*link));

	if (!link) {
		bpf_link__destroy(bpf);
		return fail(env, "attach", "BPF_MEMORY", ENOMEM, "link", NULL);
	}
	link->bpf = bpf;
	link->handle.kind = HANDLE_LINK;
	link->handle.release = link_release;
	link->handle.destroy = link_destroy;
	return handle_new(addon_of(env), &link->handle);
}

static struct bpf_link *attach_cgroup(struct bpf_program *program, const char *path)
{
	struct bpf_link *link;
	int fd, err;

	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	link = bpf_program__attach_cgroup(program, fd);
	err = errno;
	close(fd);
	errno = err;
	return link;
}

/* attach(object, program, cgroup?, map?): link; by the program's section without a cgroup. An iterator over a map's elements has a map */
napi_value js_attach(napi_env env, napi_callback_info info)
{
	union bpf_iter_link_info over = {};
	DECLARE_LIBBPF_OPTS(bpf_iter_attach_opts, opts, .link_info = &over, .link_info_len = sizeof(over));
	struct bpf_program *program;
	struct object *object;
	struct map *map = NULL;
	struct bpf_link *link;
	napi_value argv[4], result = NULL;
	char *cgroup = NULL;
	struct log log;

	if (!arguments(env, info, 4, argv) ||
	    !(object = handle_get(env, argv[0], HANDLE_OBJECT)) ||
	    !(program = object_program(env, object, argv[1], "attach")))
		return NULL;
	if (!is_undefined(env, argv[2]) && !(cgroup = text(env, argv[2])))
		return NULL;
	if (!is_undefined(env, argv[3]) && !(map = handle_get(env, argv[3], HANDLE_MAP))) {
		free(cgroup);
		return NULL;
	}
	log_begin(&log, false);
	if (bpf_program__fd(program) < 0) {
		link = NULL;
		errno = EBADF;
	} else if (map) {
		over.map.map_fd = map->fd;
		link = bpf_program__attach_iter(program, &opts);
	} else {
		link = cgroup ? attach_cgroup(program, cgroup) : bpf_program__attach(program);
	}
	if (link)
		result = link_new(env, link);
	else
		fail(env, "attach", bpf_program__fd(program) < 0 ? "BPF_NOT_LOADED" : "BPF_ATTACH",
		     errno, bpf_program__name(program), log.text ? log.text : "");
	log_end();
	free(cgroup);
	return result;
}

/* BPF_TCX_EGRESS (6.6), which older headers lack. */
#define TCX_EGRESS 47

/* BPF_F_BEFORE without another program: before all. */
#define FIRST 8

/* attachUplink(object, program, ifindex, path): link by tcx, pinned there since libbpf 1.1 has no other way to take it */
napi_value js_attachUplink(napi_env env, napi_callback_info info)
{
	DECLARE_LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = FIRST);
	struct bpf_program *program;
	struct bpf_link *link = NULL;
	struct object *object;
	napi_value argv[4], result = NULL;
	uint32_t ifindex = 0;
	struct log log;
	char *path;
	int fd;

	if (!arguments(env, info, 4, argv) || !(object = handle_get(env, argv[0], HANDLE_OBJECT)) ||
	    !(program = object_program(env, object, argv[1], "attach")) || !(path = text(env, argv[3])))
		return NULL;
	napi_get_value_uint32(env, argv[2], &ifindex);
	log_begin(&log, false);
	fd = bpf_link_create(bpf_program__fd(program), (int)ifindex, TCX_EGRESS, &opts);
	if (fd >= 0) {
		if (!bpf_obj_pin(fd, path))
			link = bpf_link__open(path);
		int err = errno;
		close(fd);
		errno = err;
	}
	if (link)
		result = link_new(env, link);
	else
		fail(env, "attach", "BPF_ATTACH", errno, bpf_program__name(program), log.text);
	log_end();
	free(path);
	return result;
}

/* The kernel takes at most this many programs there (BPF_MPROG_MAX). */
#define TCX_MAX 64

/* isFirst(link, ifindex): whether the link's program is the first that sees what leaves by the interface (tcx) */
napi_value js_isFirst(napi_env env, napi_callback_info info)
{
	uint32_t ids[TCX_MAX] = {}, count = TCX_MAX, ifindex = 0, size;
	struct bpf_link_info own = {};
	napi_value argv[2], result;
	struct link *link;
	int err;

	if (!arguments(env, info, 2, argv) || !(link = handle_get(env, argv[0], HANDLE_LINK)))
		return NULL;
	napi_get_value_uint32(env, argv[1], &ifindex);
	size = sizeof(own);
	err = bpf_obj_get_info_by_fd(bpf_link__fd(link->bpf), &own, &size) ? errno : 0;
	if (!err && bpf_prog_query((int)ifindex, TCX_EGRESS, 0, NULL, ids, &count))
		err = errno;
	if (err)
		return fail(env, "attach", "BPF_QUERY", err, "link", NULL);
	napi_get_boolean(env, count > 0 && ids[0] == own.prog_id, &result);
	return result;
}

/* Of ours among the classifiers for what leaves. */
#define OUR_HANDLE 0x7277
#define OUR_PRIORITY 1

/* attachClassifier(object, program, ifindex): by clsact, in the place of ours that is there already */
napi_value js_attachClassifier(napi_env env, napi_callback_info info)
{
	DECLARE_LIBBPF_OPTS(bpf_tc_hook, hook, .attach_point = BPF_TC_EGRESS);
	DECLARE_LIBBPF_OPTS(bpf_tc_opts, opts, .handle = OUR_HANDLE, .priority = OUR_PRIORITY,
			    .flags = BPF_TC_F_REPLACE);
	struct bpf_program *program;
	struct object *object;
	napi_value argv[3];
	uint32_t ifindex = 0;
	struct log log;
	int err;

	if (!arguments(env, info, 3, argv) || !(object = handle_get(env, argv[0], HANDLE_OBJECT)) ||
	    !(program = object_program(env, object, argv[1], "attach")))
		return NULL;
	napi_get_value_uint32(env, argv[2], &ifindex);
	hook.ifindex = (int)ifindex;
	opts.prog_fd = bpf_program__fd(program);
	log_begin(&log, false);
	err = bpf_tc_hook_create(&hook);
	if (!err || err == -EEXIST)
		err = bpf_tc_attach(&hook, &opts);
	if (err)
		fail(env, "attach", "BPF_ATTACH", -err, bpf_program__name(program), log.text);
	log_end();
	return NULL;
}

/* classifier(ifindex): id of the program that is attached there as ours; 0: none is */
napi_value js_classifier(napi_env env, napi_callback_info info)
{
	DECLARE_LIBBPF_OPTS(bpf_tc_hook, hook, .attach_point = BPF_TC_EGRESS);
	DECLARE_LIBBPF_OPTS(bpf_tc_opts, opts, .handle = OUR_HANDLE, .priority = OUR_PRIORITY);
	napi_value value;
	uint32_t ifindex = 0;
	struct log log;
	int err;

	if (!arguments(env, info, 1, &value))
		return NULL;
	napi_get_value_uint32(env, value, &ifindex);
	hook.ifindex = (int)ifindex;
	log_begin(&log, false);
	err = bpf_tc_query(&hook, &opts);
	log_end();
	return number(env, err ? 0 : opts.prog_id);
}

/* detachClassifier(ifindex): ours, where it is */
napi_value js_detachClassifier(napi_env env, napi_callback_info info)
{
	DECLARE_LIBBPF_OPTS(bpf_tc_hook, hook, .attach_point = BPF_TC_EGRESS);
	DECLARE_LIBBPF_OPTS(bpf_tc_opts, opts, .handle = OUR_HANDLE, .priority = OUR_PRIORITY);
	napi_value value;
	uint32_t ifindex = 0;
	struct log log;

	if (!arguments(env, info, 1, &value))
		return NULL;
	napi_get_value_uint32(env, value, &ifindex);
	hook.ifindex = (int)ifindex;
	log_begin(&log, false);
	bpf_tc_detach(&hook, &opts);
	log_end();
	return NULL;
}

/* install(object, program, map, index): a slot of a map of programs, which others call into */
napi_value js_install(napi_env env, napi_callback_info info)
{
	struct bpf_program *program;
	struct object *object;
	struct map *map;
	napi_value argv[4];
	uint32_t index = 0;
	int fd;

	if (!arguments(env, info, 4, argv) ||
	    !(object = handle_get(env, argv[0], HANDLE_OBJECT)) ||
	    !(program = object_program(env, object, argv[1], "attach")) ||
	    !(map = handle_get(env, argv[2], HANDLE_MAP)))
		return NULL;
	napi_get_value_uint32(env, argv[3], &index);
	fd = bpf_program__fd(program);
	if (fd < 0)
		return fail(env, "attach", "BPF_NOT_LOADED", EBADF, bpf_program__name(program), NULL);
	if (bpf_map_update_elem(map->fd, &index, &fd, BPF_ANY))
		return fail(env, "attach", "BPF_ATTACH", errno, bpf_program__name(program), NULL);
	return NULL;
}

/* pin(link or map, path) */
napi_value js_pin(napi_env env, napi_callback_info info)
{
	struct handle *handle = NULL;
	napi_value argv[2];
	struct log log;
	char *path;
	int err;

	if (!arguments(env, info, 2, argv))
		return NULL;
	if (napi_get_value_external(env, argv[0], (void **)&handle) != napi_ok || !handle ||
	    (handle->kind != HANDLE_LINK && handle->kind != HANDLE_MAP)) {
		napi_throw_type_error(env, "BPF_ARGUMENT", "a link or a map is expected");
		return NULL;
	}
	if (!handle_get(env, argv[0], handle->kind) || !(path = text(env, argv[1])))
		return NULL;
	log_begin(&log, false);
	if (handle->kind == HANDLE_LINK)
		/* Not bpf_link__pin, which pins once only: a name may have been taken away. */
		err = bpf_obj_pin(bpf_link__fd(((struct link *)handle)->bpf), path);
	else
		err = bpf_obj_pin(((struct map *)handle)->fd, path);
	if (err)
		fail(env, "pin", "BPF_PIN", -err, path, log.text);
	log_end();
	free(path);
	return NULL;
}

/* detach(link): from its hook at once, even where it is pinned */
napi_value js_detach(napi_env env, napi_callback_info info)
{
	struct link *link;
	napi_value value;
	int err;

	if (!arguments(env, info, 1, &value) || !(link = handle_get(env, value, HANDLE_LINK)))
		return NULL;
	err = bpf_link__detach(link->bpf);
	if (err)
		return fail(env, "attach", "BPF_DETACH", -err, "link", NULL);
	return NULL;
}

/* update(link, object, program): the program takes the place of the link's own, in one step */
napi_value js_update(napi_env env, napi_callback_info info)
{
	struct bpf_program *program;
	struct object *object;
	struct link *link;
	napi_value argv[3];
	int err;

	if (!arguments(env, info, 3, argv) || !(link = handle_get(env, argv[0], HANDLE_LINK)) ||
	    !(object = handle_get(env, argv[1], HANDLE_OBJECT)) ||
	    !(program = object_program(env, object, argv[2], "attach")))
		return NULL;
	if (bpf_program__fd(program) < 0)
		return fail(env, "attach", "BPF_NOT_LOADED", EBADF, bpf_program__name(program), NULL);
	err = bpf_link__update_program(link->bpf, program);
	if (err)
		return fail(env, "attach", "BPF_ATTACH", -err, bpf_program__name(program), NULL);
	return NULL;
}

/* openLink(path): a link that was pinned there */
napi_value js_openLink(napi_env env, napi_callback_info info)
{
	struct bpf_link *link;
	napi_value value, result = NULL;
	struct log log;
	char *path;

	if (!arguments(env, info, 1, &value) || !(path = text(env, value)))
		return NULL;
	log_begin(&log, false);
	link = bpf_link__open(path);
	if (link)
		result = link_new(env, link);
	else
		fail(env, "pin", "BPF_OPEN_PIN", errno, path, log.text);
	log_end();
	free(path);
	return result;
}

/* readIter(link): all that one pass of an iterator program writes */
napi_value js_readIter(napi_env env, napi_callback_info info)
{
	size_t used = 0, room = 1 << 16;
	napi_value value, result = NULL;
	struct link *link;
	char *data, *grown;
	ssize_t got;
	int fd;

	if (!arguments(env, info, 1, &value) || !(link = handle_get(env, value, HANDLE_LINK)))
		return NULL;
	fd = bpf_iter_create(bpf_link__fd(link->bpf));
	if (fd < 0)
		return fail(env, "iter", "BPF_ITER", errno, "iterator", NULL);
	data = malloc(room);
	for (;;) {
		if (data && used == room) {
			grown = realloc(data, room * 2);
			if (!grown)
				free(data);
			data = grown;
			room *= 2;
		}
		if (!data) {
			fail(env, "iter", "BPF_MEMORY", ENOMEM, "iterator", NULL);
			break;
		}
		got = read(fd, data + used, room - used);
		if (got > 0) {
			used += got;
		} else if (got == 0) {
			napi_create_buffer_copy(env, used, data, NULL, &result);
			break;
		} else if (errno != EINTR && errno != EAGAIN) {
			fail(env, "iter", "BPF_ITER", errno, "iterator", NULL);
			break;
		}
	}
	free(data);
	close(fd);
	return result;
}
