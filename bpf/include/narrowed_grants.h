/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* Narrowed lines for one address and port. */
#pragma once

#include "enforce.h"
#include "narrowed.h"

/* In place of a rule's index: no line allows the port to everybody; the rest is the key of those that do to some. */
#define RULES_NARROWED 0x80000000U
#define NARROWED_RULES 8

struct narrowed_rule {
	u32 rule;
	u32 narrowing;
};

struct narrowed_rules {
	u32 count;
	u32 pad;
	struct narrowed_rule rules[NARROWED_RULES];
};

HASH(narrowed_rules_0, u32, struct narrowed_rules, 1 << 16);
HASH(narrowed_rules_1, u32, struct narrowed_rules, 1 << 16);

/* The rule of the first line that the process fulfils, else of the first. `found`: whether it fulfils one. */
static __always_inline u32 find_narrowed(u32 key, bool second, const struct owner *owner, bool calls, bool *found)
{
	struct narrowed_rules *lines = second ? bpf_map_lookup_elem(&narrowed_rules_1, &key) :
						bpf_map_lookup_elem(&narrowed_rules_0, &key);

	*found = false;
	if (!lines)
		return RULE_NONE;
	for (u32 i = 0; i < NARROWED_RULES; i++) {
		if (i >= lines->count)
			break;
		if (!fulfils_narrowing(owner, calls, lines->rules[i].narrowing))
			continue;
		*found = true;
		return lines->rules[i].rule;
	}
	return lines->rules[0].rule;
}
