/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * Reading the kernel's objects where it must be quick: since 6.2 a pointer can be given its type
 * (bpf_rdonly_cast), and a field is then one load that cannot fault, in place of a call that copies.
 */
#pragma once

#include "kernel.h"

/* The kernel has bpf_rdonly_cast. Set before load: the other half of each branch is gone then. */
const volatile u8 direct_reads = 0;

extern void *bpf_rdonly_cast(void *object, u32 type) __ksym __weak;

/* `field` of the `type` at `pointer`, at most one arrow in it. */
#define READ(type, pointer, field)                                                                             \
	({                                                                                                     \
		typeof(((type *)0)->field) value_read;                                                         \
		if (direct_reads)                                                                              \
			value_read = ((type *)bpf_rdonly_cast((void *)(pointer), bpf_core_type_id_kernel(type)))->field; \
		else                                                                                           \
			bpf_core_read(&value_read, sizeof(value_read), &((type *)(pointer))->field);             \
		value_read;                                                                                    \
	})

/*
 * When a task's process began. Not by an arrow of a task that is trusted: for each of those, on each path, the verifier of
 * newer kernels looks through the names of all types of the kernel.
 */
static __always_inline u64 start_of(struct task_struct *task)
{
	struct task_struct *leader = READ(struct task_struct, task, group_leader);

	return READ(struct task_struct, leader, start_boottime);
}

/* The first 8 bytes of a name, zeroes behind its end. */
static __always_inline u64 beginning_of(const unsigned char *name, u32 size)
{
	u64 word = 0;
	if (direct_reads)
		word = ((struct qstr *)bpf_rdonly_cast((void *)name, bpf_core_type_id_kernel(struct qstr)))->hash_len;
	else
		bpf_probe_read_kernel(&word, sizeof(word), name);
	if (size < 8)
		word &= (1ull << (size * 8)) - 1;
	return word;
}

/* The pointer that stands at an address: read as one that every kernel's types have. */
static __always_inline void *pointer_at(const void *address)
{
	void *value = 0;
	if (direct_reads)
		return READ(struct path, address - bpf_core_field_offset(struct path, mnt), mnt);
	bpf_probe_read_kernel(&value, sizeof(value), address);
	return value;
}

/* A pointer as a number: what the verifier takes for an argument of a global function. */
static __always_inline u64 number_of(const void *pointer)
{
	u64 number = 0;
	const void *kept = pointer;
	bpf_probe_read_kernel(&number, sizeof(number), &kept);
	return number;
}
