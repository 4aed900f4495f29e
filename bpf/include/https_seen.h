/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* Processes whose TLS is seen: only those may talk to hosts with HTTPS rules. */
#pragma once

#include "https_state.h"

static __always_inline struct https_key https_key_of(struct task_struct *task)
{
	return (struct https_key){
		.start = BPF_CORE_READ(task, group_leader, start_boottime),
		.tgid = BPF_CORE_READ(task, tgid),
	};
}

/* One that is seen already stays in its family. */
static __always_inline void see_process(struct task_struct *task)
{
	struct https_key key = https_key_of(task);

	if (https_on())
		bpf_map_update_elem(&https_seen, &key, &key, BPF_NOEXIST);
}

/* It has another program from here on. */
static __always_inline void unsee_process(struct task_struct *task)
{
	struct https_key key = https_key_of(task);

	if (https_on())
		bpf_map_delete_elem(&https_seen, &key);
}

static __always_inline void see_child(struct task_struct *parent, struct task_struct *child)
{
	struct https_key key, *family;

	if (!https_on() || BPF_CORE_READ(parent, tgid) == BPF_CORE_READ(child, tgid))
		return;
	key = https_key_of(parent);
	family = bpf_map_lookup_elem(&https_seen, &key);
	if (!family)
		return;
	key = https_key_of(child);
	bpf_map_update_elem(&https_seen, &key, family, BPF_ANY);
}
