/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* Signals to the agent itself, and to the runner's worker. */
#pragma once

#include "agent.h"
#include "process.h"
#include "observe.h"
#include "rings.h"
#include "worker.h"

/* By the name that it has given itself, or its program has: whoever calls himself so is told about in vain. */
static __always_inline bool calls_itself_worker(struct task_struct *task)
{
	struct task_struct *leader = READ(struct task_struct, task, group_leader);
	char name[16] __attribute__((aligned(8))) = {};

	bpf_core_read(&name, sizeof(name), &leader->comm);
	return is_worker_name(name);
}

/* A signal that ends or stops the agent, or makes the runner's worker dump its memory, whichever call or file it came by. */
SEC("tp_btf/signal_generate")
int signal_sent(u64 *ctx)
{
	u32 signal = ctx[0];
	struct task_struct *task = (void *)ctx[2];
	u32 change = SANDBOX_SIGNAL;

	if (!signal)
		return 0;
	if (!is_agent(task) || !is_harmful(signal)) {
		if (!dumps_core(signal) || !calls_itself_worker(task))
			return 0;
		change = SANDBOX_CORE_SIGNAL;
	}
	if ((u32)task->tgid == bpf_get_current_pid_tgid() >> 32 || !in_scope())
		return 0;
	struct sandbox_record record = { .change = change, .args = { signal }, .target = task->tgid };
	describe_current(&record.header, RECORD_SANDBOX, 0, sizeof(record));
	send_urgent(&record, sizeof(record), RECORD_SANDBOX);
	return 0;
}
