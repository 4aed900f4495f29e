/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * Records of the sensor (shared with packages/sensor/src/layout.ts; a test holds the two together).
 *
 * Records with text have the same fixed size, then up to four strings, one after the other, whose
 * sizes are in `size[4]`. A path that comes from the kernel's objects is kept from the leaf to the
 * root, "leaf\0parent\0…\0", as the walk meets it; user space turns it round. A name from user memory
 * is kept as it was, and stands relative to the path before it, the directory that it was used from.
 */
#pragma once

#include "record.h"

enum text_limits {
	TEXT_MAX = 16384,  /* all strings of a record */
	PATH_MAX_KEPT = 4096,
	ARGV_MAX_KEPT = 4096,
};

enum exec_flags {
	EXEC_MEMFD = 1,
	EXEC_DELETED = 2,
	EXEC_ARGV_TRUNCATED = 4,
	EXEC_PATH_TRUNCATED = 8,
	EXEC_ARGV_UNREADABLE = 16,
};

struct exec_record {
	struct record_header header;
	__u16 exe_size;
	__u16 cwd_size;
	__u16 argv_size;
	__u16 stdio; /* four bits each for descriptors 0, 1 and 2: see stdio.h */
	__u64 inode;
	__u64 parent_start; /* CLOCK_BOOTTIME, ns */
	__u32 device;	    /* the kernel's dev_t: major << 20 | minor */
	__u32 parent_tgid;
	__u32 ends[2];	/* descriptors 0 and 1: see end_at() */
	__u32 step;	/* see steps.h; 0: none */
	__u32 served;	/* enum served */
	__u64 changed; /* the program's file: see changed_at.h */
};

struct fork_record {
	struct record_header header; /* of the parent */
	__u64 child_start;
	__u32 child_tgid;
	__u32 step; /* of the child; see steps.h; 0: none */
};

struct exit_record {
	struct record_header header;
	__u32 status; /* as wait(2) gives it */
	__u32 unused;
};

enum step_flags {
	STEP_WORKER = 1,     /* no step yet: a program called Runner.Worker was started */
	STEP_FIRST = 2,      /* it is the first program of the scope */
	STEP_UNREADABLE = 4, /* this part of the environment */
	STEP_RUNNING = 8,    /* it ran before it was watched: a worker, or a process of a step; offset: the root's tgid */
	STEP_CONTAINED = 16, /* the first program in a container that a daemon made; with STEP_WORKER: it is in such a container */
	STEP_ASKED = 32,     /* an engine has read a request; parent: who sent it; text: its beginning, `total` bytes */
	STEP_KNOWN = 64,     /* an earlier sensor was told that this running worker is the runner's */
};

/* Text: the bytes of the root's environment from `offset` on, as the program got them: user memory. */
struct step_record {
	struct record_header header;
	__u32 step;
	__u32 offset;
	__u32 total; /* of arguments and environment, bytes */
	__u32 parent_tgid;
	__u64 parent_start;
	__u64 inode; /* of a worker's program */
	__u32 device;
	__u32 args; /* bytes of arguments, in front of the environment */
	__u64 unused2[2];
};

enum file_action {
	FILE_READ = 1,
	FILE_WRITE = 2,
	FILE_CREATE = 3,
	FILE_DELETE = 4,
	FILE_RENAME = 5,
	FILE_LINK = 6,
	FILE_SYMLINK = 7,
};

enum file_flags {
	FILE_WORKSPACE = 1,    /* the kernel's objects say: below the workspace */
	FILE_WATCHED = 2,      /* below a watched place */
	FILE_USER_NAME = 4,    /* the name is from user memory */
	FILE_PATH_TRUNCATED = 8,
	FILE_DELETED = 16,     /* the file had no name any more */
	FILE_UNREACHABLE = 32, /* the walk did not end at the root of a mount namespace */
	FILE_TO_WORKSPACE = 64,
	FILE_URING = 128,      /* done by io_uring */
	FILE_CREATED = 256,    /* this open made the file */
	FILE_FAILED_OPEN = 512,
	FILE_BY_ACTION = 1024, /* a read by the program of an action */
	FILE_BEING_WRITTEN = 2048, /* a read of what is open for writing, or mapped so */
	FILE_UNSEEN = 4096,	   /* an open by io_uring whose file was never seen: the name may be a link */
	FILE_STACKED = 8192,	   /* of what a stacked file system opens below: `path` is what it is called above, or from its layer's top */
	FILE_NAMELESS = 16384,	   /* opened by a handle: the kernel knows no name */
};

/* A process's file that is told by its own name: what a mount calls it, and where, is of the job's making. */
enum process_file {
	PROCESS_MEMORY = 1,
	PROCESS_ENVIRONMENT = 2,
	PROCESS_CODE = 3, /* a memory file; whose it is, user space looks up */
};

struct file_record {
	struct record_header header;
	__u16 path_size;
	__u16 name_size;
	__u16 to_path_size;
	__u16 to_name_size;
	__u64 inode;
	__u32 device;
	__u32 target; /* process that a file of /proc belongs to */
	__s32 error;  /* 0 or the errno, positive */
	__u8 action;
	__u8 of_target; /* enum process_file; 0: another */
	__u16 mode; /* of the inode */
	__u64 open_flags;
	/*
	 * Inode of the known directory (on `device`) that `path`, and `to_path`, begin below; 0: path is as it is mounted. An open
	 * has in `to_path`, if anything, where the file is in its own file system.
	 */
	__u64 directory;
	__u64 to_directory;
};

enum sandbox_change {
	SANDBOX_UNSHARE = 1,	/* args: flags */
	SANDBOX_SETNS = 2,	/* args: fd, type; text 0: the namespace's kind */
	SANDBOX_CLONE = 3,	/* args: CLONE_NEW* by the kernel's own objects; target: the child */
	SANDBOX_MOUNT = 4,	/* args: flags; text: base, target; of a bind or a move: base, source; else: source (of an overlay: its options), type */
	SANDBOX_UMOUNT = 5,	/* args: flags; text: base, target */
	SANDBOX_MOVE_MOUNT = 6, /* text: base, from, base, to */
	SANDBOX_PIVOT_ROOT = 7, /* text: base, new root, base, put old */
	SANDBOX_CHROOT = 8,	/* text: the new root */
	SANDBOX_PTRACE = 9,	/* args: request, pid */
	SANDBOX_MEMORY_READ = 10,  /* process_vm_readv; args: pid */
	SANDBOX_MEMORY_WRITE = 11, /* process_vm_writev; args: pid */
	SANDBOX_PIDFD_GETFD = 12,  /* args: pidfd, fd */
	SANDBOX_INIT_MODULE = 13,  /* args: length */
	SANDBOX_FINIT_MODULE = 14, /* args: fd, flags; text 0: the module's file */
	SANDBOX_DELETE_MODULE = 15, /* text 1: name */
	SANDBOX_BPF = 16,	    /* args: command, enum bpf_object_kind, id */
	SANDBOX_CAPSET = 17,	    /* args: effective capabilities afterwards */
	SANDBOX_IO_URING_SETUP = 18, /* args: entries */
	SANDBOX_CGROUP_LEFT = 19,   /* text 1: the cgroup's path; target: the process moved */
	SANDBOX_FSMOUNT = 20,
	SANDBOX_OPEN_TREE = 21,	    /* args: flags; text: base, path */
	SANDBOX_MOUNT_SETATTR = 22, /* text: base, path */
	SANDBOX_SIGNAL = 23,	    /* to the agent; args: signal */
	SANDBOX_ENGINE = 25,	    /* connected to a container engine's socket; args: it was ended; text 0: the path, or 1: an abstract socket's name; target: who listens */
	SANDBOX_CONTAINER = 26,	    /* see container.h */
	SANDBOX_GUARD = 24,	    /* refused: args: enum guard_act, and by act; guard.bpf.c */
	SANDBOX_CORE_LIMIT = 27,    /* prlimit(RLIMIT_CORE) of another process; args: pid */
	SANDBOX_CORE_SIGNAL = 28,   /* one that dumps core, to a process called Runner.Worker; args: signal */
	SANDBOX_CORE_ASKED = 29,    /* connected to the socket by which .NET dumps such a process; text 0: the path; target: it */
	SANDBOX_KEXEC = 30,	    /* text 0: the kernel's file */
	SANDBOX_PORTS = 31,	    /* iopl, ioperm */
};

enum sandbox_flags {
	SANDBOX_USER_TEXT = 1, /* a part of the text is from user memory */
	SANDBOX_USER_PID = 2,  /* the pid is a number in the caller's pid namespace */
	SANDBOX_TRUNCATED = 4,
};

struct sandbox_record {
	struct record_header header;
	__u16 size[4];
	__u64 args[3];
	__s64 result;
	__u32 change;
	__u32 target; /* tgid in the initial pid namespace, or with SANDBOX_USER_PID in the caller's; 0: none */
	__u64 unused;
};

/* What the three have in common, and the offset at which text begins in each. */
enum { TEXT_OFFSET = 88 };

_Static_assert(sizeof(struct exec_record) == TEXT_OFFSET, "text of exec");
_Static_assert(sizeof(struct step_record) == TEXT_OFFSET, "text of step");
_Static_assert(sizeof(struct file_record) == TEXT_OFFSET, "text of file");
_Static_assert(sizeof(struct sandbox_record) == TEXT_OFFSET, "text of sandbox");

union text_record {
	struct record_header header;
	struct exec_record exec;
	struct step_record step;
	struct file_record file;
	struct sandbox_record sandbox;
};
