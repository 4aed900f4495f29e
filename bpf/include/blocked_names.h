/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * The names of the block list, of which there may be a million, and of HTTPS rules: by two polynomials over the name's bytes modulo
 * 2^31 - 1, with keys that are drawn anew for each run. Two given names meet with a chance of 2^-46 at most, and
 * nobody can look for such a pair. A name that is on the list is always found.
 * What the hash begins with tells the names of different lists apart.
 */
#pragma once

#include "first_bytes.h"
#include "polynomial.h"

/* Set in the hash of what stands for the names under it. */
#define BLOCKED_UNDER (1ULL << 63)

#define NAMES_BLOCKED 0
/* Beyond what any first byte makes of that. */
#define NAMES_OF_HTTPS(port) (1U << 16 | (port))

HASH(blocked_names_0, u64, u32, 1 << 20);
HASH(blocked_names_1, u64, u32, 1 << 20);

static __always_inline u32 *find_hash(u64 hash, u32 generation)
{
	if (generation & 1)
		return bpf_map_lookup_elem(&blocked_names_1, &hash);
	return bpf_map_lookup_elem(&blocked_names_0, &hash);
}

/* From the name's end to its beginning: at each dot the hash is that of what follows. */
static long hash_suffix(u32 index, struct walk *walk)
{
	struct first_bytes *bytes = walk->bytes;
	struct name_hash *hash = &bytes->hash;
	u32 place = hash->length - 1 - index, c, *entry;

	if (place > 253)
		return 1;
	c = (u8)bytes->names[hash->which & 1].text[place];
	if (c == '.') {
		entry = find_hash(BLOCKED_UNDER | hash->first << 31 | hash->second, hash->generation);
		if (entry)
			hash->entry = *entry;
	}
	hash->first = hash_step(hash->first, hash->keys[0], c);
	hash->second = hash_step(hash->second, hash->keys[1], c);
	return 0;
}

/*
 * The entry of a list for a said name, or for the most of its labels that has one; RULE_NONE: it is not on it. Not static: see
 * packet.h.
 */
__noinline u32 find_listed_name(u32 index, u32 which, u32 generation, u32 list)
{
	struct first_bytes *bytes = place(index);
	struct policy *policy = policy_of(generation);
	struct walk walk = { .bytes = bytes };
	struct name_hash *hash;
	u32 *entry;

	if (!bytes || !policy)
		return RULE_NONE;
	hash = &bytes->hash;
	hash->first = hash->second = list;
	hash->keys[0] = policy->hash_keys[0];
	hash->keys[1] = policy->hash_keys[1];
	hash->generation = generation;
	hash->entry = RULE_NONE;
	hash->which = which;
	hash->length = bytes->names[which & 1].length;
	bpf_loop(hash->length, hash_suffix, &walk, 0);
	entry = find_hash(hash->first << 31 | hash->second, generation);
	return entry ? *entry : hash->entry;
}
