/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "addon.h"

struct object {
	struct handle handle;
	struct bpf_object *bpf;
	bool debug;
};

/* A program of the object by its name; NULL and an exception when there is none. */
struct bpf_program *object_program(napi_env env, struct object *object, napi_value name,
				   const char *step);
