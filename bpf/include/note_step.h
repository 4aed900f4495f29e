/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * Notes which narrowings of the policy a process fulfils by its step, before the first instruction of the step's root. A
 * step is what the runner's worker gave its own child (GITHUB_ACTION); what descends from that has it by descent, and what
 * processes say of themselves is not looked at. Where no line names steps this costs a look into an array per exec.
 */
#pragma once

#include "note_program.h"
#include "steps.h"

#define STEP_TEXT 256
/* More variables than any runner gives a step. */
#define STEP_VARIABLES (1 << 18)

/* "GITHUB_A" "CTIO" "N=" */
#define ACTION_VARIABLE 14

struct step_text {
	char text[STEP_TEXT];
	struct step_key key;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct step_text);
} step_texts SEC(".maps");

static __always_inline struct step_text *step_text(void)
{
	u32 zero = 0;
	return bpf_map_lookup_elem(&step_texts, &zero);
}

struct variables {
	u64 at, end;
	u32 within; /* a variable that has begun before */
	u32 found;
};

static __always_inline bool is_action_variable(const char *text)
{
	return *(u64 *)text == 0x415f425548544947ull && *(u32 *)(text + 8) == 0x4f495443 && *(u16 *)(text + 12) == 0x3d4e;
}

static long take_letter(u32 index, void *unused)
{
	struct step_text *variable = step_text();

	if (!variable || index >= STEP_ID - 1)
		return 1;
	char c = variable->text[ACTION_VARIABLE + index];
	if (!c || c == '.')
		return 1;
	variable->key.id[index] = c;
	return 0;
}

/* Of what is within a composite action the id is that of the job's step, with more behind a dot. */
static __always_inline void take_step_id(struct step_text *variable)
{
	__builtin_memset(&variable->key, 0, sizeof(variable->key));
	bpf_loop(STEP_ID - 1, take_letter, 0, 0);
}

static long read_variable(u32 index, struct variables *variables)
{
	struct step_text *variable = step_text();
	long size;

	if (!variable || variables->at >= variables->end)
		return 1;
	size = bpf_probe_read_user_str(variable->text, sizeof(variable->text), (void *)variables->at);
	if (size <= 0)
		return 1;
	if (!variables->within && is_action_variable(variable->text)) {
		variables->found++;
		take_step_id(variable);
	}
	/* Its end was not reached, or only its NUL is left. */
	variables->within = size == sizeof(variable->text);
	variables->at += variables->within ? size - 1 : size;
	return 0;
}

/* How often the environment names a step: the last is in the step's text; 2 when it cannot be read. */
static __always_inline u32 find_step(struct task_struct *task)
{
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	struct variables variables = { .at = BPF_CORE_READ(mm, env_start), .end = BPF_CORE_READ(mm, env_end) };

	bpf_loop(STEP_VARIABLES, read_variable, &variables, 0);
	return variables.at < variables.end ? 2 : variables.found;
}

/* In place of a role: the process is no member, as there was no room for one more. */
#define ROLE_UNKNOWN 0xffffffffu

/*
 * Of the current process. `root`: it is a step's, and has just become its first program; `known`: then, that a worker which is the
 * runner's made it. Not static: see packet.h.
 */
__noinline int note_step(u32 role, bool known, bool root)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct narrowings *first = narrowings_at(0), *second = narrowings_at(1);
	struct fulfils *fulfilled = NULL;
	struct process_fit fit = {};
	bool none = false;
	struct fit_key id;
	u32 found = 2;

	if (!first || !second || !(first->by_step || second->by_step))
		return 0;
	if (role == ROLE_INSIDE && !root)
		return 0;
	if (role == ROLE_NONE || role == ROLE_WORKER)
		none = true;
	/* What the worker does itself has no step. */
	if (root && known)
		found = find_step(task);
	if (found == 0)
		none = true;
	if (found == 1) {
		struct step_text *text = step_text();
		if (text)
			fulfilled = bpf_map_lookup_elem(&step_fits, &text->key);
	}
	fit.tags[0] = first->tag;
	fit.tags[1] = second->tag;
	fit.steps[0] = none ? first->no_step : fulfilled ? fulfilled->bits[0] : 0;
	fit.steps[1] = none ? second->no_step : fulfilled ? fulfilled->bits[1] : 0;
	id = id_of(task);
	bpf_map_delete_elem(&process_fits, &id);
	if (fit.steps[0] | fit.steps[1])
		keep_fit(&id, &fit);
	return 0;
}
