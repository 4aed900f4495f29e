/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * Whether this kernel takes fentry programs at all: asked with the smallest one, because a refusal of the
 * sensor's own costs a load of all of it.
 */
#include "kernel.h"

SEC("fentry/security_file_open")
int fentry_taken(u64 *ctx)
{
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
