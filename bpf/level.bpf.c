/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * How deep the cgroup of who runs this is, below the root of all cgroups. Who is in a cgroup namespace, as in a
 * container, finds only the part below the namespace's root in /proc. No types of the kernel: it loads at once.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* A path in a cgroup file system is shorter than 4096 characters; this is far beyond what anybody makes. */
#define DEEPEST 255

SEC("syscall")
int own_level(void *unused)
{
	int level = 0;

	while (level < DEEPEST && bpf_get_current_ancestor_cgroup_id(level + 1))
		level++;
	return level;
}

char _license[] SEC("license") = "Dual BSD/GPL";
