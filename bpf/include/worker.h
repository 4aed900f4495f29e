/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* Whether a program is called as the runner's worker; whether it is one, user space decides. */
#pragma once

#include "kernel.h"

/* 16 bytes, zeroes behind the end. */
static __always_inline bool is_worker_name(const char *text)
{
	/* "Runner.W" "orker" */
	return *(u64 *)text == 0x572e72656e6e7552ull && *(u64 *)(text + 8) == 0x72656b726full;
}

static __always_inline bool is_called_worker(struct file *file)
{
	struct qstr name;
	char text[16] __attribute__((aligned(8))) = {};
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);

	bpf_core_read(&name, sizeof(name), &dentry->d_name);
	if (name.len != 13)
		return false;
	bpf_probe_read_kernel(text, 13, name.name);
	return is_worker_name(text);
}
