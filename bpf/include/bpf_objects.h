/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* The kernel's own maps, programs and links: which of them a descriptor stands for, by the ids that bpftool shows. */
#pragma once

#include "path.h"

enum bpf_object_kind {
	OBJECT_NONE = 0,
	OBJECT_MAP = 1,
	OBJECT_PROGRAM = 2,
	OBJECT_LINK = 3,
};

/* Commands of bpf(2) that give a descriptor of something that is there already. */
static __always_inline bool opens_bpf_object(u32 command)
{
	return command == BPF_OBJ_GET || command == BPF_PROG_GET_FD_BY_ID || command == BPF_MAP_GET_FD_BY_ID ||
	       command == BPF_LINK_GET_FD_BY_ID;
}

/*
 * The descriptor that a call of bpf(2) was about: what it gave back, or what its attributes begin with. Those are the
 * process's memory, and may have changed since.
 */
static __always_inline s32 bpf_descriptor(u32 command, u64 attributes, s64 result)
{
	s32 fd = -1;

	if (opens_bpf_object(command))
		return result;
	switch (command) {
	case BPF_MAP_UPDATE_ELEM:
	case BPF_MAP_DELETE_ELEM:
	case BPF_MAP_LOOKUP_AND_DELETE_ELEM:
	case BPF_MAP_FREEZE:
	case BPF_LINK_UPDATE:
	case BPF_LINK_DETACH:
		bpf_probe_read_user(&fd, sizeof(fd), (void *)attributes);
		return fd;
	case BPF_MAP_LOOKUP_AND_DELETE_BATCH:
	case BPF_MAP_UPDATE_BATCH:
	case BPF_MAP_DELETE_BATCH:
		bpf_probe_read_user(&fd, sizeof(fd), (void *)(attributes + 36));
		return fd;
	}
	return -1;
}

/* Kind of the object behind a descriptor, and its id; kernel objects have the kind in their file's name. */
static __always_inline u32 bpf_object_of(struct task_struct *task, s32 fd, u64 *id)
{
	struct file *file = file_of(task, fd);
	struct dentry *dentry;
	char name[8] = {};
	void *object;
	u32 number = 0;

	if (!file)
		return OBJECT_NONE;
	dentry = BPF_CORE_READ(file, f_path.dentry);
	bpf_probe_read_kernel(name, sizeof(name), BPF_CORE_READ(dentry, d_name.name));
	object = BPF_CORE_READ(file, private_data);
	if (name[0] != 'b' || name[1] != 'p' || name[2] != 'f')
		return OBJECT_NONE;
	switch (name[4]) {
	case 'm':
		number = BPF_CORE_READ((struct bpf_map *)object, id);
		*id = number;
		return OBJECT_MAP;
	case 'p':
		number = BPF_CORE_READ((struct bpf_prog *)object, aux, id);
		*id = number;
		return OBJECT_PROGRAM;
	case 'l':
		number = BPF_CORE_READ((struct bpf_link *)object, id);
		*id = number;
		return OBJECT_LINK;
	}
	return OBJECT_NONE;
}
