/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "addon.h"

#include <pthread.h>

/* Where a load that began ahead is. */
enum ahead { AHEAD_NOT, AHEAD_RUNS, AHEAD_DONE };

struct object {
	struct handle handle;
	struct bpf_object *bpf;
	bool debug;
	enum ahead ahead;
	pthread_t thread; /* while it runs */
	int err;	  /* of a load that is done */
	struct log log;	  /* what was said meanwhile */
};

/* Waits for a load that runs: nothing else may touch the object until then. */
void object_settle(struct object *object);

/* A program of the object by its name; NULL and an exception when there is none. */
struct bpf_program *object_program(napi_env env, struct object *object, napi_value name,
				   const char *step);
