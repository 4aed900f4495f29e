/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* What is known of a process that is or was in the scope: steps.h says how it comes to be. */
#pragma once

#include "kernel.h"

enum step_role {
	ROLE_NONE = 0,
	ROLE_WORKER = 1, /* runs a program called Runner.Worker, and is in no step */
	ROLE_ROOT = 2,	 /* a worker's child, before its first program */
	ROLE_INSIDE = 3,
	ROLE_CONTAINED = 4, /* in a container that a daemon made: in no step by descent */
};

enum member_state {
	MEMBER = 0,
	LEAVER = 1, /* to be ended, with what it forks */
	LEFT = 2,   /* out of the scope; kept for its step */
};

struct member {
	u32 state;
	u32 role;
	u32 step; /* number of the step's root, or of the container's first process, from 1; 0: neither */
	u32 by_action; /* it runs the program of an action: what it opens is told (by_action.h) */
	u32 known;	/* a worker: it is the runner's; a step's root: such a one made it (known_worker.h) */
	u32 container; /* number of the mount namespace that it was told to be contained in (container.h) */
	u32 serves;	/* it has taken connections on an engine's socket (engine_requests.h) */
};

/* Processes that are or were in the scope. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct member);
} members SEC(".maps");
