/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * The sensor: what the scope's processes do with programs, files and their sandbox. Every program stands for
 * itself; the loader leaves out those that a kernel does not take.
 */
#include "observe_process.h"
#include "observe_agent.h"
#include "observe_syscalls.h"
#include "observe_uring.h"
#include "observe_objects.h"

char _license[] SEC("license") = "Dual BSD/GPL";

/* No program needs it: it keeps every shared type in the object's BTF, where a test holds it against TypeScript. */
struct shared_types {
	struct exec_record exec;
	struct fork_record fork;
	struct step_record step;
	struct exit_record exit;
	struct file_record file;
	struct sandbox_record sandbox;
	enum exec_flags exec_flags;
	enum step_flags step_flags;
	enum file_flags file_flags;
	enum file_action file_action;
	enum process_file process_file;
	enum sandbox_flags sandbox_flags;
	enum sandbox_change sandbox_change;
	enum watch_bits watch_bits;
	enum container_bits container_bits;
};

struct shared_types *shared_types;
