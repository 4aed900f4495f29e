/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * What the guard keeps from the processes of the scope, and how it tells what it refused. In audit mode only what is
 * Runwarden's own is guarded; what would let a job out of its scope is refused in block mode alone.
 */
#pragma once

#include "agent.h"
#include "connect.h"
#include "observe.h"
#include "other_family.h"
#include "process.h"
#include "rings.h"
#include "syscalls.h"

#define EPERM 1

#define MAY_WRITE 2
#define FMODE_WRITE 2
#define PTRACE_MODE_ATTACH 2

#define CGROUP2_MAGIC 0x63677270
#define PROC_MAGIC 0x9fa0

/* SANDBOX_GUARD's first argument. Numbers are never reused. */
enum guard_act {
	GUARD_MAP = 1,		/* a map of ours, for writing; args: id */
	GUARD_PROGRAM = 2,	/* args: id */
	GUARD_LINK = 3,		/* args: id */
	GUARD_ATTACH = 4,	/* a program on a cgroup, on a hook of ours; args: type of the hook */
	GUARD_TRACING = 5,	/* loading a program that can act on other processes; args: its type */
	GUARD_SIGNAL = 6,	/* args: signal; target: the agent */
	GUARD_TRACE = 7,	/* the memory or descriptors of a process outside; target: it */
	GUARD_CGROUP = 8,	/* writing to a cgroup outside of the scope; args: its file's inode */
	GUARD_STATE = 9,	/* the agent's folder or pins; args: whether to write */
	GUARD_FILE = 10,	/* changing a file that the agent runs from; args: inode */
	GUARD_UNMOUNT = 11,
	GUARD_MOUNT = 12,	/* over a folder of the agent's; args: inode */
	GUARD_KERNEL = 13,	/* what kernel lockdown would refuse; args: enum lockdown_reason */
	GUARD_LIMIT = 14,	/* resource limits or scheduling of the agent */
	GUARD_PROC = 15,	/* writing to the agent's files in /proc */
	GUARD_SYSRQ = 16,
	GUARD_SENDER = 17,	/* loading a program that can send packets; args: its type */
};

enum guarded_kind { GUARDED_MAP = 1, GUARDED_PROGRAM = 2, GUARDED_LINK = 3, GUARDED_MOUNT = 4 };

struct guarded_key {
	u32 kind;
	u32 id;
};

/* By ids that the kernel gives: maps, programs, links, mounts. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct guarded_key);
	__type(value, u8);
} guarded SEC(".maps");

struct guarded_file_key {
	u32 device; /* the kernel's dev_t */
	u32 unused;
	u64 inode;
};

/* Files and folders that the agent runs from: nothing in them is changed. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct guarded_file_key);
	__type(value, u8);
} guarded_files SEC(".maps");

/* Of the policy in force: whether it blocks. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} guard_blocks SEC(".maps");

/* The agent's folder, and the bpf file system with its pins. Set before load. */
const volatile u32 folder_device = 0;
const volatile u64 folder_inode = 0;
const volatile u32 pins_device = 0;
/* Of /proc/sysrq-trigger, in whichever mount of it. */
const volatile u64 sysrq_inode = 0;

static __always_inline bool blocks(void)
{
	u32 zero = 0;
	u32 *on = bpf_map_lookup_elem(&guard_blocks, &zero);
	return on && *on;
}

static __always_inline bool is_guarded(u32 kind, u32 id)
{
	struct guarded_key key = { .kind = kind, .id = id };
	return bpf_map_lookup_elem(&guarded, &key);
}

static __always_inline bool is_guarded_file(u32 device, u64 inode)
{
	struct guarded_file_key key = { .device = device, .inode = inode };
	return bpf_map_lookup_elem(&guarded_files, &key);
}

/* Tells the attempt, and is what the hook returns. */
static __always_inline int refuse(u32 act, u64 what, u32 target)
{
	struct sandbox_record record = {
		.change = SANDBOX_GUARD, .args = { act, what }, .result = -EPERM, .target = target,
	};
	describe_current(&record.header, RECORD_SANDBOX, 0, sizeof(record));
	send_urgent(&record, sizeof(record), RECORD_SANDBOX);
	return -EPERM;
}

static __always_inline struct kernfs_node *parent_of(struct kernfs_node *node)
{
	struct kernfs_node___old *old = (void *)node;
	if (bpf_core_field_exists(old->parent))
		return BPF_CORE_READ(old, parent);
	return BPF_CORE_READ(node, __parent);
}

enum { CGROUP_DEPTH = 64 };

/* Whether a cgroup's file or folder is the scope's, or below it. */
static __always_inline bool is_below_scope(struct kernfs_node *node)
{
	for (u32 i = 0; i < CGROUP_DEPTH && node; i++) {
		if (BPF_CORE_READ(node, id) == scope_cgid)
			return true;
		node = parent_of(node);
	}
	return false;
}
