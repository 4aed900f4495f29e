/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * Which names lead to which addresses. An address is opened by the names that led to it, and only to them: what a
 * connection says of itself (SNI, Host) is looked up here by its whole text, never by a hash that could be met.
 */
#pragma once

#include "enforce.h"
#include "narrowed.h"

/* Port ranges that policy gives one name over TCP, over its lines. */
#define NAME_RANGES 8

/* In place of the only name of an address: several led there; several, of which not all are in the map any more. */
#define NAME_SHARED 0xffffffffU
#define NAME_FORGOTTEN 0xfffffffeU

/* RANGE_UNCHECKED: the policy line wants no look at what a connection says of itself. */
enum range_flags {
	RANGE_UNCHECKED = 1,
};

/* Lower case, without trailing dot, zeros behind. No name of the DNS is longer than 253 bytes. */
struct name_key {
	u8 length;
	char text[255];
};

struct led_key {
	u8 address[16];
	u32 name;
};

/* What the policy allows a name for over TCP. */
struct name_range {
	u32 rule;
	u32 narrowing; /* of the line; 0: it is for everybody */
	u16 from;
	u16 to;
};

/*
 * Under name 0 lies what all names of the address have in common: `asked` is the only one, or one of the above;
 * the ranges are the ports that policy allows every one of them for, to who fulfils their narrowing.
 */
struct led {
	u64 expires; /* CLOCK_BOOTTIME, ns; swept out some time later */
	u32 asked;   /* the name that was asked: this one, or one that it is an alias of */
	u32 count;
	struct name_range ranges[NAME_RANGES];
};

HASH(name_ids, struct name_key, u32, 1 << 16);
HASH(led, struct led_key, struct led, 1 << 18);

/*
 * Whether the policy allows a name to its owner at an address, on a port; sets its rule: also that of a narrowed line
 * which allows it to others. No owner: what it allows to everybody.
 */
static __always_inline bool find_owned_grant(const struct led_key *key, u16 port, const struct owner *owner, u32 *rule)
{
	struct led *entry = bpf_map_lookup_elem(&led, key);

	if (!entry)
		return false;
	for (u32 i = 0; i < NAME_RANGES; i++) {
		struct name_range *range = &entry->ranges[i];
		if (i >= entry->count)
			break;
		if (port < range->from || port > range->to)
			continue;
		*rule = range->rule;
		if (range->narrowing && (!owner || !fulfils_narrowing(owner, false, range->narrowing)))
			continue;
		return true;
	}
	return false;
}

static __always_inline bool find_name_grant(const u8 *address, u16 port, u32 name, u32 *rule)
{
	struct led_key key = { .name = name };

	__builtin_memcpy(key.address, address, 16);
	return find_owned_grant(&key, port, NULL, rule);
}

static __always_inline bool is_several(const struct led *common)
{
	return !common || common->asked == NAME_SHARED || common->asked == NAME_FORGOTTEN;
}

/* More than one name led to the address, or nothing is known of it. */
static __always_inline bool is_shared(const u8 *address)
{
	struct led_key key = {};

	__builtin_memcpy(key.address, address, 16);
	return is_several(bpf_map_lookup_elem(&led, &key));
}

/*
 * What says no name may be meant for one that led to the address, and that policy does not allow its owner there on this
 * port. `key` is of name 0.
 */
static __always_inline bool may_mean_another(const struct led_key *key, u16 port, const struct owner *owner)
{
	struct led *common = bpf_map_lookup_elem(&led, key);

	if (!is_several(common))
		return false;
	for (u32 i = 0; common && i < NAME_RANGES; i++) {
		if (i >= common->count)
			break;
		if (port < common->ranges[i].from || port > common->ranges[i].to)
			continue;
		if (!common->ranges[i].narrowing || fulfils_narrowing(owner, false, common->ranges[i].narrowing))
			return false;
	}
	return true;
}
