/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* What the scope's processes write to the build log: a program that the sensor's calls at the end of writes. */
#include "build_log.h"
#include "syscalls.h"

char _license[] SEC("license") = "Dual BSD/GPL";

/* Called by the sensor's program for the end of system calls, in the scope. */
SEC("tp_btf/sys_exit")
int log_written(u64 *ctx)
{
	struct pt_regs *regs = (void *)ctx[0];
	struct task_struct *task = bpf_get_current_task_btf();
	struct call call = call_of(acts_of(regs), task);
	struct log_write w = {};
	s64 written = call.compat ? (s32)ctx[1] : (s64)ctx[1];

	if (written <= 0 || !in_scope())
		return 0;
	u32 nth = call.act == ACT_SPLICE ? 2 : call.act == ACT_TEE ? 1 : 0;
	struct file *file = file_of(task, argument(regs, call.compat, nth));
	if (!file)
		return 0;
	int kind = log_kind(task, file, &w.file);
	if (kind < 0)
		return 0;
	w.vectors = call.act == ACT_WRITEV;
	if (call.act > ACT_WRITEV || (w.vectors && call.compat)) {
		count_unread(LOG_NO_BUFFER, written);
		return 0;
	}
	w.at = argument(regs, call.compat, 1);
	w.left = written;
	w.flags = kind;
	bpf_loop(LOG_PARTS, send_written, &w, 0);
	if (w.left)
		count_unread(LOG_TOO_LONG, w.left);
	return 0;
}

/* No program needs it: it keeps every shared type in the object's BTF, where a test holds it against TypeScript. */
struct shared_types {
	struct log_file file;
	enum log_flags flags;
	enum log_unread unread;
	struct log_chunk chunk;
};

struct shared_types *shared_types;
