/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* Flows: what was decided about a socket's way to one destination stands until another policy. */
#pragma once

#include "look.h"
#include "note_flow.h"

/* What a flow that begins is still looked at for. */
static __always_inline u8 first_names(const struct destination *to, const struct decision *decision)
{
	bool bound = decision->reason == REASON_NAME || decision->reason == REASON_LIVE;
	u8 names = decision->unchecked ? NAMES_UNCHECKED : 0;

	if (to->protocol != IPPROTO_TCP)
		return 0;
	if ((bound && !decision->unchecked) || lists_names(decision->generation) || https_rules(decision->generation))
		return names | NAMES_PENDING;
	return names | NAMES_UNREAD;
}
