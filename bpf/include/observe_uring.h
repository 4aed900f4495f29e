/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * The same acts by io_uring, which makes no system call for them. A request is kept when it is submitted (its
 * names are the kernel's copies by then) and told when it completes.
 */
#pragma once

#include "observe_opens.h"
#include "observe_syscalls.h"
#include "uring_socket.h"

/* include/uapi/linux/io_uring.h */
enum uring_opcode {
	URING_OPENAT = 18,
	URING_CLOSE = 19,
	URING_OPENAT2 = 28,
	URING_RENAMEAT = 35,
	URING_UNLINKAT = 36,
	URING_SYMLINKAT = 38,
	URING_LINKAT = 39,
	URING_SOCKET = 45,
	/* The kernel chooses the slot of a file without a descriptor: IORING_FILE_INDEX_ALLOC. */
	URING_ANY_SLOT = 0xffffffff,
	/* Flag of a request that reports nothing when it succeeds: IOSQE_CQE_SKIP_SUCCESS. */
	URING_SKIP_SUCCESS = 1 << 6,
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 8192);
	__type(key, u64);
	__type(value, struct kept);
} uring_requests SEC(".maps");

/*
 * Opens under way. A ring may tell of completions only when all that was submitted together has been done: the file can be closed,
 * or another one be in its place by then. So meanwhile what a request is about to close or to replace is looked at. Not zero again
 * after an open that reports nothing when it succeeds.
 */
u64 uring_opens;

struct uring_file {
	u64 owner; /* a process, or a ring */
	u32 number; /* descriptor, or slot counted from 1 */
	u32 unused;
};

/*
 * When the last request was submitted that may put another file in place of an open's that is under way. Closing a slot is none:
 * a chain that opens, reads and closes names its slot at once, but nobody knows a descriptor before it is there.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct uring_file);
	__type(value, u64);
} uring_replaced SEC(".maps");

/* The file in a ring's slot, counted from 1; 0: none. */
static __always_inline struct file *file_in_slot(struct io_ring_ctx *ring, u32 slot)
{
	u64 address = 0;
	slot--;
	if (bpf_core_field_exists(((struct io_file_table *)0)->data)) {
		struct io_rsrc_node **nodes = BPF_CORE_READ(ring, file_table.data.nodes);
		if (slot >= BPF_CORE_READ(ring, file_table.data.nr))
			return 0;
		struct io_rsrc_node *node = pointer_at(nodes + slot);
		address = node ? BPF_CORE_READ(node, file_ptr) : 0;
	} else {
		struct io_ring_ctx___old *old = (void *)ring;
		struct io_fixed_file *files = BPF_CORE_READ(old, file_table.files);
		if (slot >= BPF_CORE_READ(old, nr_user_files))
			return 0;
		address = (u64)pointer_at(files + slot);
	}
	return (void *)(address & ~7ull);
}

static __always_inline struct file *uring_file_of(struct io_kiocb *request, u32 slot, s32 fd, struct uring_file *key)
{
	struct io_ring_ctx *ring = BPF_CORE_READ(request, ctx);
	key->owner = slot ? (u64)ring : bpf_get_current_pid_tgid() >> 32;
	key->number = slot ? slot : (u32)fd;
	return slot ? file_in_slot(ring, slot) : file_of((void *)bpf_get_current_task(), fd);
}

/* The file that a request takes away from its descriptor or slot, as a number; 0: there is none yet. */
__noinline u64 uring_file_leaving(u64 request, u32 slot, s32 fd, bool closes)
{
	struct uring_file key = {};
	struct file *file = uring_file_of((void *)request, slot, fd, &key);
	u64 now = bpf_ktime_get_boot_ns();
	if (!slot || !closes)
		bpf_map_update_elem(&uring_replaced, &key, &now, BPF_ANY);
	return number_of(file);
}

/* Not below the function that finds it: that would be more stack than old kernels have. */
static __always_inline void tell_leaving(struct io_kiocb *request, u32 slot, s32 fd, bool closes)
{
	struct file *file = (void *)uring_file_leaving(number_of(request), slot, fd, closes);
	if (file)
		file_opened((u64)file, BPF_CORE_READ(file, f_flags), SLOT_TRACEPOINT, FILE_URING);
}

static __always_inline void set_kernel_name(struct named *named, struct task_struct *task, s32 dirfd, struct filename *name)
{
	named->base = directory_of(task, dirfd);
	named->name = BPF_CORE_READ(name, name);
	named->in_kernel = true;
}

/* Reads a request's command into `act`. Returns whether it is one of ours. */
static __noinline bool read_request(struct io_kiocb *request, u8 opcode, struct name_act *act, u32 *slot)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	void *command = (void *)request + bpf_core_field_offset(struct io_kiocb, cmd);
	struct io_open *open = command;
	struct io_rename *names = command;
	struct io_link *link = command;
	struct io_unlink *unlink = command;
	switch (opcode) {
	case URING_OPENAT:
	case URING_OPENAT2:
		act->open_flags = BPF_CORE_READ(open, how.flags);
		act->action = act->open_flags & 3 || act->open_flags & OPEN_TRUNC ? FILE_WRITE : FILE_READ;
		*slot = BPF_CORE_READ(open, file_slot);
		set_kernel_name(&act->from, task, BPF_CORE_READ(open, dfd), BPF_CORE_READ(open, filename));
		return true;
	case URING_UNLINKAT:
		if (BPF_CORE_READ(unlink, flags) & AT_REMOVEDIR)
			return false;
		act->action = FILE_DELETE;
		set_kernel_name(&act->from, task, BPF_CORE_READ(unlink, dfd), BPF_CORE_READ(unlink, filename));
		return true;
	case URING_RENAMEAT:
		act->action = FILE_RENAME;
		act->has_to = true;
		set_kernel_name(&act->from, task, BPF_CORE_READ(names, old_dfd), BPF_CORE_READ(names, oldpath));
		set_kernel_name(&act->to, task, BPF_CORE_READ(names, new_dfd), BPF_CORE_READ(names, newpath));
		return true;
	case URING_LINKAT:
	case URING_SYMLINKAT:
		act->action = opcode == URING_LINKAT ? FILE_LINK : FILE_SYMLINK;
		act->open_flags = opcode == URING_LINKAT ? BPF_CORE_READ(link, flags) : 0;
		act->from_is_followed = act->open_flags & AT_SYMLINK_FOLLOW;
		act->has_to = true;
		act->from_is_text = opcode == URING_SYMLINKAT;
		set_kernel_name(&act->from, task, BPF_CORE_READ(link, old_dfd), BPF_CORE_READ(link, oldpath));
		set_kernel_name(&act->to, task, BPF_CORE_READ(link, new_dfd), BPF_CORE_READ(link, newpath));
		return true;
	}
	return false;
}

static __always_inline int socket_submitted(struct io_kiocb *request)
{
	u64 key = (u64)request;
	struct scratch *s = scratch_at(SLOT_TRACEPOINT);
	if (!s || !compose_socket(s, (void *)request + bpf_core_field_offset(struct io_kiocb, cmd)))
		return 0;
	s->pending.opcode = URING_SOCKET;
	/* Of one that says nothing when it succeeds, that is taken to be so, but for what it lacks the capability for. */
	if (BPF_CORE_READ(request, flags) & URING_SKIP_SUCCESS || bpf_map_update_elem(&uring_requests, &key, s, BPF_ANY))
		send_socket((void *)&s->record, lacks_capability((void *)&s->record) ? -EPERM : 0);
	return 0;
}

/* Of a descriptor or slot that an open before it may have made. */
static __always_inline int close_submitted(struct io_kiocb *request)
{
	struct io_close *close = (void *)request + bpf_core_field_offset(struct io_kiocb, cmd);
	if (!opens_by_object && uring_opens)
		tell_leaving(request, BPF_CORE_READ(close, file_slot), BPF_CORE_READ(close, fd), true);
	return 0;
}

static __always_inline int request_submitted(struct io_kiocb *request)
{
	u8 opcode = BPF_CORE_READ(request, opcode);
	if (opcode < URING_OPENAT || (opcode > URING_LINKAT && opcode != URING_SOCKET) || !in_scope())
		return 0;
	if (opcode == URING_SOCKET)
		return socket_submitted(request);
	if (opcode == URING_CLOSE)
		return close_submitted(request);
	union call_act *acts = new_call_act();
	if (!acts)
		return 0;
	struct name_act *act = &acts->names;
	act->flags = FILE_URING;
	u32 slot = 0;
	if (!read_request(request, opcode, act, &slot))
		return 0;
	bool opens = opcode == URING_OPENAT || opcode == URING_OPENAT2;
	bool unseen_yet = opens && !opens_by_object;
	if (unseen_yet) {
		if (slot && slot != URING_ANY_SLOT && uring_opens)
			tell_leaving(request, slot, -1, false);
		__sync_fetch_and_add(&uring_opens, 1);
		act->is_kept_anyway = true;
	}
	struct scratch *s = scratch_at(SLOT_TRACEPOINT);
	if (!s)
		return 0;
	u32 size = compose_kept(act);
	if (!size && !opens)
		return 0;
	s->pending.size = size;
	s->pending.is_urgent = act->is_urgent;
	s->pending.open_flags = act->open_flags;
	s->pending.opcode = opcode;
	s->pending.file_slot = slot;
	u64 key = (u64)request;
	bool silent = BPF_CORE_READ(request, flags) & URING_SKIP_SUCCESS;
	if (!silent && size <= PENDING_MAX && !bpf_map_update_elem(&uring_requests, &key, s, BPF_ANY))
		return 0;
	/* It cannot be followed to its end: told now. */
	bool by_object = opens ? opens_by_object : names_by_object;
	if (act->is_kept_anyway)
		s->record.header.flags |= FILE_UNSEEN;
	if (size && !by_object)
		send_file(s, record_size(size - TEXT_OFFSET), act->is_urgent);
	return 0;
}

/*
 * What stands by now where an open was to put its file may be another: user space compares where it is with what was asked for. One that
 * has no name any more is not to be compared: what has its name now is another file.
 */
__noinline int tell_asked(struct kept *kept, u64 address)
{
	struct scratch *s = scratch_at(SLOT_TRACEPOINT);
	struct file *file = (void *)address;
	if (!kept || !s)
		return 0;
	u32 size = BOUND(kept->pending.size, 2 * PENDING_MAX - 1);
	if (size < TEXT_OFFSET || size > PENDING_MAX)
		return 0;
	bpf_probe_read_kernel(&s->record, size, kept->record);
	struct file_record *record = &s->record.file;
	u32 end = size - TEXT_OFFSET;
	u32 flags = 0;
	struct place place = {};
	if (file)
		place = place_of_file(file);
	struct dentry *leaf = place.dentry;
	if (leaf && BPF_CORE_READ(leaf, d_hash.pprev))
		end = append_path(SLOT_TRACEPOINT, end, PATH_MAX_KEPT, place, &flags);
	if (!(flags & (FILE_PATH_TRUNCATED | FILE_UNREACHABLE)))
		record->to_path_size = end - (size - TEXT_OFFSET);
	record->header.flags |= FILE_UNSEEN;
	send_file(s, record_size(end), kept->pending.is_urgent);
	return 0;
}

static __always_inline void open_completed(u64 request, struct kept *kept, s32 result)
{
	__sync_fetch_and_sub(&uring_opens, 1);
	if (result < 0) {
		if (refused(result))
			send_kept(kept, -result, FILE_FAILED_OPEN);
		return;
	}
	u32 slot = kept->pending.file_slot;
	struct uring_file key = {};
	struct file *file = uring_file_of((void *)request, slot == URING_ANY_SLOT ? result + 1 : slot, result, &key);
	u64 *replaced = bpf_map_lookup_elem(&uring_replaced, &key);
	struct file_record *record = (void *)kept->record;
	if (file)
		file_opened(number_of(file), kept->pending.open_flags, SLOT_TRACEPOINT, FILE_URING);
	/* It may be at the very same place. */
	if (replaced && *replaced >= record->header.time)
		file = 0;
	tell_asked(kept, number_of(file));
}

static __always_inline int request_completed(u64 request, s32 result)
{
	struct kept *kept = bpf_map_lookup_elem(&uring_requests, &request);
	if (!kept)
		return 0;
	bool opens = kept->pending.opcode == URING_OPENAT || kept->pending.opcode == URING_OPENAT2;
	if (kept->pending.opcode == URING_SOCKET) {
		send_socket((void *)kept->record, result);
	} else if (opens && !opens_by_object) {
		open_completed(request, kept, result);
	} else if (result < 0) {
		if (refused(result))
			send_kept(kept, -result, opens ? FILE_FAILED_OPEN : 0);
	} else if (!opens && !names_by_object) {
		send_kept(kept, 0, 0);
	}
	bpf_map_delete_elem(&uring_requests, &request);
	return 0;
}

/* 6.4 and later. */
SEC("tp_btf/io_uring_submit_req")
int uring_submit_req(u64 *ctx)
{
	return request_submitted((struct io_kiocb *)ctx[0]);
}

/* Up to 6.3. */
SEC("tp_btf/io_uring_submit_sqe")
int uring_submit_sqe(u64 *ctx)
{
	return request_submitted((struct io_kiocb *)ctx[0]);
}

/* (ring, request, completion entry): the entry is an object, which older kernels' number in its place is not. */
SEC("tp_btf/io_uring_complete")
int uring_complete_entry(u64 *ctx)
{
	struct io_uring_cqe *entry = (struct io_uring_cqe *)ctx[2];
	return request_completed(ctx[1], entry->res);
}

/* (ring, request, user data, result, …) */
SEC("tp_btf/io_uring_complete")
int uring_complete_result(u64 *ctx)
{
	return request_completed(ctx[1], (s32)ctx[3]);
}
