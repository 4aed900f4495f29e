/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * The head of an HTTP/1.1 request that a program is about to encrypt. It is read so narrowly that there is one reading by
 * RFC 9112: what is written in any other way, allowed or not, is left to user space (packages/agent/src/https/http1), which
 * reads more.
 */
#pragma once

#include "https_rules.h"
#include "polynomial.h"

/* User space keeps no more of a path. */
#define MOST_PATH 2047
#define MOST_DIGITS 15

enum reading_state {
	READ_METHOD = 0,
	READ_PATH,
	READ_QUERY,
	READ_VERSION,
	READ_VERSION_END, /* CR */
	READ_NEWLINE,	  /* LF, and a line follows */
	READ_LINE,	  /* its first byte */
	READ_NAME,
	READ_VALUE, /* of a field that does not count */
	READ_HOST,
	READ_PORT,
	READ_LENGTH,
	READ_LAST, /* LF, and the head is whole */
	READ_DONE,
	READ_OTHERWISE, /* by user space */
};

/* In a map's memory: what a verifier does not follow byte by byte. */
struct reading {
	u64 hash[2];  /* of what was read, by its keys */
	u32 keys[2];
	u64 words[3]; /* the last letters of a method or a field's name, each 8 of them */
	u64 length;   /* of the body */
	u32 size;     /* of data that is filled */
	u32 at;
	u16 path_from, path_to;
	u16 host_from, host_to;
	u32 port; /* 0: none was said, or that of HTTPS */
	u16 methods; /* enum https_methods */
	u8 state;    /* enum reading_state */
	u8 letters;
	u8 digits;
	u8 before; /* the byte before this one, in a path */
	u8 has_host;
	u8 has_length;
};

#define WORD(a, b, c, d, e, f, g, h)                                                                            \
	((u64)(a) << 56 | (u64)(b) << 48 | (u64)(c) << 40 | (u64)(d) << 32 | (u64)(e) << 24 | (u64)(f) << 16 |  \
	 (u64)(g) << 8 | (u64)(h))

static __always_inline void take_letter(struct reading *r, u32 c)
{
	if (r->letters < 8)
		r->words[0] = r->words[0] << 8 | c;
	else if (r->letters < 16)
		r->words[1] = r->words[1] << 8 | c;
	else if (r->letters < 24)
		r->words[2] = r->words[2] << 8 | c;
	if (r->letters < 25)
		r->letters++;
}

static __always_inline void no_letters(struct reading *r)
{
	r->words[0] = r->words[1] = r->words[2] = 0;
	r->letters = 0;
}

static __always_inline bool is_name(const struct reading *r, u32 letters, u64 first, u64 second, u64 third)
{
	return r->letters == letters && r->words[0] == first && r->words[1] == second && r->words[2] == third;
}

static __always_inline u16 method_of(const struct reading *r)
{
	if (r->letters > 8)
		return 0;
	switch (r->words[0]) {
	case WORD(0, 0, 0, 0, 0, 'G', 'E', 'T'):
		return METHOD_GET;
	case WORD(0, 0, 0, 0, 'H', 'E', 'A', 'D'):
		return METHOD_HEAD;
	case WORD(0, 0, 0, 0, 'P', 'O', 'S', 'T'):
		return METHOD_POST;
	case WORD(0, 0, 0, 0, 0, 'P', 'U', 'T'):
		return METHOD_PUT;
	case WORD(0, 0, 'D', 'E', 'L', 'E', 'T', 'E'):
		return METHOD_DELETE;
	case WORD(0, 0, 0, 'P', 'A', 'T', 'C', 'H'):
		return METHOD_PATCH;
	case WORD(0, 'O', 'P', 'T', 'I', 'O', 'N', 'S'):
		return METHOD_OPTIONS;
	default:
		return 0;
	}
}

/* What a field's name, in small letters, makes of its value. */
static __always_inline u8 after_name(struct reading *r)
{
	if (is_name(r, 4, WORD(0, 0, 0, 0, 'h', 'o', 's', 't'), 0, 0)) {
		r->host_from = 0;
		return r->has_host++ ? READ_OTHERWISE : READ_HOST;
	}
	if (is_name(r, 14, WORD('c', 'o', 'n', 't', 'e', 'n', 't', '-'), WORD(0, 0, 'l', 'e', 'n', 'g', 't', 'h'), 0)) {
		r->digits = 0;
		return r->has_length++ ? READ_OTHERWISE : READ_LENGTH;
	}
	/* What follows has another form than a length. */
	if (is_name(r, 17, WORD('t', 'r', 'a', 'n', 's', 'f', 'e', 'r'), WORD('-', 'e', 'n', 'c', 'o', 'd', 'i', 'n'), 'g') ||
	    is_name(r, 7, WORD(0, 'u', 'p', 'g', 'r', 'a', 'd', 'e'), 0, 0))
		return READ_OTHERWISE;
	return READ_VALUE;
}

static __always_inline bool is_lower_or_digit(u32 c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* One byte of the request line. Escapes, dots at the begin of a segment, and empty segments have more than one reading. */
static __always_inline u8 after_line_byte(struct reading *r, u32 c)
{
	switch (r->state) {
	case READ_METHOD:
		if (c >= 'A' && c <= 'Z') {
			take_letter(r, c);
			return READ_METHOD;
		}
		r->methods = method_of(r);
		no_letters(r);
		r->path_from = r->at;
		r->before = 0;
		return c == ' ' && r->methods ? READ_PATH : READ_OTHERWISE;
	case READ_PATH:
		r->path_to = r->at - 1;
		if (c == '?' && r->before)
			return READ_QUERY;
		if (c == ' ' && r->before)
			return READ_VERSION;
		if (c <= ' ' || c >= 0x7f || c == '%' || c == '\\' || c == '#' || (!r->before && c != '/'))
			return READ_OTHERWISE;
		if (r->before == '/' && (c == '/' || c == '.'))
			return READ_OTHERWISE;
		r->before = c;
		return READ_PATH;
	case READ_QUERY:
		if (c == ' ')
			return READ_VERSION;
		return c < ' ' || c >= 0x7f || c == '#' ? READ_OTHERWISE : READ_QUERY;
	case READ_VERSION:
		take_letter(r, c);
		if (r->letters < 8)
			return READ_VERSION;
		return r->words[0] == WORD('H', 'T', 'T', 'P', '/', '1', '.', '1') ? READ_VERSION_END : READ_OTHERWISE;
	case READ_VERSION_END:
		return c == '\r' ? READ_NEWLINE : READ_OTHERWISE;
	default:
		return READ_OTHERWISE;
	}
}

/* One byte of the fields. */
static __always_inline u8 after_fields_byte(struct reading *r, u32 c)
{
	switch (r->state) {
	case READ_NEWLINE:
		return c == '\n' ? READ_LINE : READ_OTHERWISE;
	case READ_LINE:
		if (c == '\r')
			return READ_LAST;
		no_letters(r);
		/* fallthrough */
	case READ_NAME:
		if (c == ':')
			return r->letters ? after_name(r) : READ_OTHERWISE;
		if (c >= 'A' && c <= 'Z')
			c |= 0x20;
		else if (!is_lower_or_digit(c) && c != '-' && c != '_')
			return READ_OTHERWISE;
		take_letter(r, c);
		return READ_NAME;
	case READ_VALUE:
		if (c == '\r')
			return READ_NEWLINE;
		return (c < ' ' && c != '\t') || c == 0x7f ? READ_OTHERWISE : READ_VALUE;
	case READ_HOST:
		if (!r->host_from) {
			if (c == ' ')
				return READ_HOST;
			r->host_from = r->at - 1;
		}
		r->host_to = r->at - 1;
		if (c == '\r')
			return READ_NEWLINE;
		if (c == ':') {
			r->digits = 0;
			r->port = 0;
			return READ_PORT;
		}
		return is_lower_or_digit(c) || c == '-' || c == '.' ? READ_HOST : READ_OTHERWISE;
	case READ_PORT:
		if (c == '\r' && r->digits) {
			if (r->port == 443)
				r->port = 0;
			return READ_NEWLINE;
		}
		if (c < '0' || c > '9' || (c == '0' && !r->digits) || r->digits++ >= 5)
			return READ_OTHERWISE;
		r->port = r->port * 10 + (c - '0');
		return READ_PORT;
	case READ_LENGTH:
		if (c == ' ' && !r->digits)
			return READ_LENGTH;
		if (c == '\r' && r->digits)
			return READ_NEWLINE;
		/* A zero in front makes it octal to some. */
		if (c < '0' || c > '9' || (r->digits && !r->length) || r->digits++ >= MOST_DIGITS)
			return READ_OTHERWISE;
		r->length = r->length * 10 + (c - '0');
		return READ_LENGTH;
	case READ_LAST:
		return c == '\n' ? READ_DONE : READ_OTHERWISE;
	default:
		return READ_OTHERWISE;
	}
}

struct reading_walk {
	struct reading *reading;
	char *data; /* HTTPS_HEAD bytes */
};

static long read_byte(u32 index, struct reading_walk *walk)
{
	struct reading *r = walk->reading;
	u32 at = r->at;
	u32 c;

	if (at >= r->size)
		return 1;
	c = (u8)walk->data[at & (HTTPS_HEAD - 1)];
	r->at = at + 1;
	r->hash[0] = hash_step(r->hash[0], r->keys[0], c);
	r->hash[1] = hash_step(r->hash[1], r->keys[1], c);
	r->state = r->state < READ_NEWLINE ? after_line_byte(r, c) : after_fields_byte(r, c);
	return r->state >= READ_DONE;
}

/* Whether there is a whole head, of a request that names its host. */
static __always_inline bool read_https_request(struct reading *r, char *data, u32 size)
{
	struct reading_walk walk = { .reading = r, .data = data };

	__builtin_memset(r->words, 0, sizeof(*r) - __builtin_offsetof(struct reading, words));
	r->hash[0] = r->hash[1] = 0;
	r->size = size;
	bpf_loop(HTTPS_HEAD, read_byte, &walk, 0);
	return r->state == READ_DONE && r->host_from && r->host_to > r->host_from && r->path_to - r->path_from <= MOST_PATH;
}
