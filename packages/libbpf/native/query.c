// SPDX-License-Identifier: Apache-2.0
/* What is attached to a cgroup, whoever attached it. */
#include "addon.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* The kernel takes at most this many programs of one type on one cgroup (BPF_CGROUP_MAX_PROGS). */
#define PROGRAMS_MAX 64

/* programsOn(cgroup, type): ids of the programs on it, in the order in which they run */
napi_value js_programsOn(napi_env env, napi_callback_info info)
{
	uint32_t ids[PROGRAMS_MAX], count = PROGRAMS_MAX, type = 0, i;
	napi_value argv[2], list;
	int fd, err;
	char *path;

	if (!arguments(env, info, 2, argv) || !(path = text(env, argv[0])))
		return NULL;
	napi_get_value_uint32(env, argv[1], &type);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	err = fd < 0 ? errno : 0;
	if (!err && bpf_prog_query(fd, type, 0, NULL, ids, &count))
		err = errno;
	if (fd >= 0)
		close(fd);
	if (err) {
		fail(env, "cgroup", "BPF_QUERY", err, path, NULL);
		free(path);
		return NULL;
	}
	free(path);
	if (napi_create_array_with_length(env, count, &list) != napi_ok)
		return NULL;
	for (i = 0; i < count; i++)
		napi_set_element(env, list, i, number(env, ids[i]));
	return list;
}
