/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * Which files' code the scope's processes run: each is told until user space has looked at it, and then only when it
 * is a TLS library. A file that was changed in place is another file.
 */
#pragma once

#include "changed_at.h"
#include "https_seen.h"
#include "path.h"
#include "served.h"
#include "syscalls.h"
#include "tls.h"

/* Until a library is looked at, each process that maps it tells it: hundreds that start at once tell some ten thousand. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 23);
} tls_images SEC(".maps");

/* 1: no TLS library; above: one that is probed, by user space's number. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct tls_file);
	__type(value, u32);
} tls_files SEC(".maps");

enum { NOT_TLS = 1 };

static __always_inline struct tls_file tls_file_of(struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);

	return (struct tls_file){
		.inode = BPF_CORE_READ(inode, i_ino),
		.changed = changed_at(inode),
		.device = BPF_CORE_READ(inode, i_sb, s_dev),
	};
}

static __always_inline void tell_image(struct task_struct *task, struct file *file, u64 address)
{
	struct tls_file key = tls_file_of(file);
	u32 *known = bpf_map_lookup_elem(&tls_files, &key);
	struct scratch *s;
	struct tls_image *image;
	u32 end = 0, walked = 0;

	if (known && *known == NOT_TLS)
		return;
	if (known)
		see_process(task);
	s = scratch_at(SLOT_TRACEPOINT);
	if (!s)
		return;
	clear_record(s);
	image = (void *)&s->record;
	/* It may have ended before somebody looks at what it ran. */
	if (!known)
		end = append_path(SLOT_TRACEPOINT, 0, PATH_MAX_KEPT, place_of_file(file), &walked);
	image->header.kind = TLS_IMAGE;
	image->header.tgid = task->tgid;
	image->header.start = start_of(task);
	image->header.time = bpf_ktime_get_boot_ns();
	image->header.session = address;
	image->file = key;
	image->known = known ? *known : 0;
	image->served = known ? 0 : served_by(number_of(file));
	image->path_size = end;
	if (bpf_ringbuf_output(&tls_images, image, record_size(end), 0))
		count_tls_lost(TLS_LOST_IMAGE);
}

SEC("tp_btf/sched_process_exec")
int tls_exec(u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	struct linux_binprm *bprm = (void *)ctx[2];

	if (!in_scope())
		return 0;
	unsee_process(task);
	tell_image(task, BPF_CORE_READ(bprm, file), 0);
	return 0;
}

#if defined(__TARGET_ARCH_x86)
#define MMAP 9
#else
#define MMAP 222
#endif
enum { PROTECTION_EXEC = 4 };

/* Called by the sensor's program for the end of system calls, or attached by itself where that is not. */
SEC("tp_btf/sys_exit")
int tls_mmap(u64 *ctx)
{
	struct pt_regs *regs = (void *)ctx[0];
	struct task_struct *task = bpf_get_current_task_btf();
	struct file *file;
#if defined(__TARGET_ARCH_x86)
	u32 number = regs->orig_ax;
#else
	u32 number = regs->syscallno;
#endif

	if (number != MMAP || !(argument(regs, false, 2) & PROTECTION_EXEC) || (s64)ctx[1] < 0 || !in_scope())
		return 0;
	file = file_of(task, argument(regs, false, 4));
	if (file)
		tell_image(task, file, ctx[1]);
	return 0;
}

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct bpf_iter__task_vma {
	struct task_struct *task;
	struct vm_area_struct *vma;
};
#pragma clang attribute pop

/* Run once, when writes begin to be offered: what runs already, and has a library that is seen. */
SEC("iter/task_vma")
int https_running(struct bpf_iter__task_vma *ctx)
{
	struct vm_area_struct *vma = ctx->vma;
	struct task_struct *task = ctx->task;
	struct file *file;
	struct tls_file key;
	u32 *known;

	if (!task || !vma || !task_in_scope(task))
		return 0;
	file = BPF_CORE_READ(vma, vm_file);
	if (!file)
		return 0;
	key = tls_file_of(file);
	known = bpf_map_lookup_elem(&tls_files, &key);
	if (known && *known != NOT_TLS)
		see_process(task);
	return 0;
}
