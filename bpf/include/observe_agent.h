/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* What is done to the agent itself. */
#pragma once

#include "agent.h"
#include "process.h"
#include "observe.h"
#include "rings.h"

/* A signal that ends or stops the agent, whichever call or file it came by. */
SEC("tp_btf/signal_generate")
int signal_sent(u64 *ctx)
{
	u32 signal = ctx[0];
	struct task_struct *task = (void *)ctx[2];

	if (!is_agent(task) || !signal || !is_harmful(signal) || !in_scope())
		return 0;
	struct sandbox_record record = { .change = SANDBOX_SIGNAL, .args = { signal }, .target = task->tgid };
	describe_current(&record.header, RECORD_SANDBOX, 0, sizeof(record));
	send_urgent(&record, sizeof(record), RECORD_SANDBOX);
	return 0;
}
