/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* Which process the agent is, and the signals that it can do with. */
#pragma once

#include "direct.h"
#include "kernel.h"

/* By its own word; 0: nobody has said. */
u32 agent_tgid;
u64 agent_start;

/*
 * HUP, INT, QUIT, USR1, USR2, PIPE, TERM, CHLD, CONT, URG, WINCH: the agent passes them on to its command, or nobody
 * minds. A script's `kill 0` sends them to everybody around, the agent too.
 */
#define HARMLESS_SIGNALS (1ull << 1 | 1ull << 2 | 1ull << 3 | 1ull << 10 | 1ull << 12 | 1ull << 13 | 1ull << 15 | \
			  1ull << 17 | 1ull << 18 | 1ull << 23 | 1ull << 28)

static __always_inline bool is_harmful(u32 signal)
{
	return signal >= 64 || !(HARMLESS_SIGNALS >> signal & 1);
}

/* QUIT, ILL, TRAP, ABRT, BUS, FPE, SEGV, XCPU, XFSZ, SYS: their default is a core dump. */
#define DUMPING_SIGNALS (1ull << 3 | 1ull << 4 | 1ull << 5 | 1ull << 6 | 1ull << 7 | 1ull << 8 | 1ull << 11 | 1ull << 24 | \
			 1ull << 25 | 1ull << 31)

static __always_inline bool dumps_core(u32 signal)
{
	return signal < 64 && DUMPING_SIGNALS >> signal & 1;
}

static __always_inline bool is_agent(struct task_struct *task)
{
	return agent_tgid && (u32)task->tgid == agent_tgid && start_of(task) == agent_start;
}

/* Run by the agent: whoever runs it is it, in whatever pid namespace. */
SEC("syscall")
int adopt(void *unused)
{
	struct task_struct *task = bpf_get_current_task_btf();

	agent_tgid = task->tgid;
	agent_start = start_of(task);
	return 0;
}
