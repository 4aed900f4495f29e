/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * What is written to a build log (shared with packages/sensor/src/log/layout.ts; a test holds the two together). A build
 * log is a file that user space names (the command's own output), or a page of a runner's worker: what it writes to
 * `_diag/pages`, when it has masked it. The ring is its own: what is in it may be secret, and its flood displaces
 * nothing but itself.
 */
#pragma once

#include "path.h"
#include "process.h"
#include "wakes.h"
#include "worker.h"

struct log_file {
	__u64 inode;
	__u32 device; /* the kernel's dev_t: major << 20 | minor */
	__u32 unused;
};

/* Files that user space names. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, struct log_file);
	__type(value, u32);
} log_files SEC(".maps");

enum log_flags {
	LOG_PAGE = 1, /* by a program called Runner.Worker, to a page of its log */
	LOG_CUT = 2,  /* behind it are bytes that were not copied */
};

struct log_chunk {
	__u32 tgid;
	__u32 flags;
	__u64 start; /* of the process, CLOCK_BOOTTIME, ns */
	__u64 time;  /* CLOCK_BOOTTIME, ns */
	struct log_file file;
	__u32 copied; /* of `data` that is filled */
	__u32 unused;
	char data[];
};

enum log_limits {
	LOG_SMALL = 512,
	LOG_PART = 16384,
	LOG_PARTS = 16, /* of one call */
};

/* Bytes of a log that nobody looks at, by why. */
enum log_unread {
	LOG_NO_ROOM = 0,
	LOG_TOO_LONG = 1,  /* of one call */
	LOG_NO_BUFFER = 2, /* sendfile, splice, tee, sendmsg; writev of a 32-bit program */
	LOG_UNREADS = 3,
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, LOG_UNREADS);
	__type(key, u32);
	__type(value, u64);
} log_unread SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} log_chunks SEC(".maps");

static __always_inline void count_unread(u32 why, u64 bytes)
{
	u64 *count = bpf_map_lookup_elem(&log_unread, &why);

	if (count)
		*count += bytes;
}

struct log_write {
	struct log_file file;
	u64 at;
	u64 left;
	u32 flags;
	u32 vectors; /* `at` is where the next iovec is; 0: it is the data */
};

static __always_inline bool is_named(struct dentry *dentry, u64 name, u32 size)
{
	u64 word = 0;
	struct qstr text;

	bpf_core_read(&text, sizeof(text), &dentry->d_name);
	if (text.len != size)
		return false;
	bpf_probe_read_kernel(&word, size & 7, text.name);
	return word == name;
}

/* What kind of log a file is to who writes to it; -1: none. */
static __always_inline int log_kind(struct task_struct *task, struct file *file, struct log_file *key)
{
	struct inode *inode = READ(struct file, file, f_inode);

	key->inode = READ(struct inode, inode, i_ino);
	key->device = BPF_CORE_READ(inode, i_sb, s_dev);
	if (bpf_map_lookup_elem(&log_files, key))
		return 0;
	if ((READ(struct inode, inode, i_mode) & 0170000) != 0100000)
		return -1;
	struct dentry *folder = BPF_CORE_READ(file, f_path.dentry, d_parent);
	if (!is_named(folder, 0x7365676170ull /* "pages" */, 5))
		return -1;
	if (!is_named(BPF_CORE_READ(folder, d_parent), 0x676169645full /* "_diag" */, 5))
		return -1;
	return is_called_worker(BPF_CORE_READ(task, mm, exe_file)) ? LOG_PAGE : -1;
}

#define FILL_CHUNK(room)                                                                                        \
	do {                                                                                                    \
		struct log_chunk *chunk = bpf_ringbuf_reserve(&log_chunks, sizeof(struct log_chunk) + (room), 0); \
		if (!chunk) {                                                                                   \
			count_unread(LOG_NO_ROOM, size);                                                        \
			return 0;                                                                               \
		}                                                                                               \
		struct task_struct *task = bpf_get_current_task_btf();                                          \
		chunk->tgid = task->tgid;                                                                       \
		chunk->start = start_of(task);                                                                  \
		chunk->time = bpf_ktime_get_boot_ns();                                                          \
		chunk->file = w->file;                                                                          \
		chunk->flags = w->flags;                                                                        \
		chunk->unused = 0;                                                                              \
		if (size > (room))                                                                              \
			size = (room);                                                                          \
		chunk->copied = size;                                                                           \
		if (bpf_probe_read_user(chunk->data, size, (void *)from)) {                                     \
			count_unread(LOG_NO_BUFFER, size);                                                      \
			chunk->copied = 0;                                                                      \
			chunk->flags |= LOG_CUT;                                                                \
		}                                                                                               \
		bpf_ringbuf_submit(chunk, wake_when_full(&log_chunks));                                         \
	} while (0)

/* Not static: see packet.h. */
__noinline int send_part(const struct log_write *w, u64 from, u32 size)
{
	if (!w)
		return 0;
	if (size <= LOG_SMALL)
		FILL_CHUNK(LOG_SMALL);
	else
		FILL_CHUNK(LOG_PART);
	return 0;
}

struct user_iovec {
	u64 base;
	u64 size;
};

static long send_written(u32 index, struct log_write *w)
{
	u64 from = w->at;
	u64 size = w->left;

	if (!w->left)
		return 1;
	if (w->vectors) {
		struct user_iovec vector = {};

		if (bpf_probe_read_user(&vector, sizeof(vector), (void *)w->at))
			return 1;
		w->at += sizeof(vector);
		from = vector.base;
		if (vector.size < size)
			size = vector.size;
	}
	u64 whole = size;
	if (size > LOG_PART) {
		size = LOG_PART;
		if (w->vectors) {
			count_unread(LOG_TOO_LONG, whole - size);
			w->flags |= LOG_CUT;
		}
	}
	if (size)
		send_part(w, from, size);
	w->flags &= ~LOG_CUT;
	if (!w->vectors) {
		w->at += size;
		whole = size;
	}
	w->left -= whole;
	return 0;
}
