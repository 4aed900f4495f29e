/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* A hash of bytes: a polynomial of them modulo 2^31 - 1, at a key that nobody knows. */
#pragma once

#include "kernel.h"

#define HASH_MODULUS 0x7fffffffULL

static __always_inline u64 hash_step(u64 hash, u32 key, u32 c)
{
	u64 value = hash * key + c + 1;

	value = (value & HASH_MODULUS) + (value >> 31);
	return (value & HASH_MODULUS) + (value >> 31);
}
