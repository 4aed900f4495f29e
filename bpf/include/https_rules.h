/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * HTTPS rules of single hosts, for what the kernel decides by itself: it allows, and refuses nothing. Which wildcard a host fits
 * has been found out by user space (packages/agent/src/https/kernel-rules.ts), which puts in what it has decided about; it leaves out patterns that are
 * not of this form.
 */
#pragma once

#include "kernel.h"

enum https_methods {
	METHOD_GET = 1,
	METHOD_HEAD = 2,
	METHOD_POST = 4,
	METHOD_PUT = 8,
	METHOD_DELETE = 16,
	METHOD_PATCH = 32,
	METHOD_OPTIONS = 64,
};

enum { HTTPS_LINES = 16, HTTPS_PATH = 124 };

/* A `*` stands for any bytes but slashes. */
struct https_line {
	u16 methods; /* enum https_methods */
	u8 length;   /* of path */
	u8 below;    /* also what has a slash and more behind it */
	char path[HTTPS_PATH];
};

/* In small letters, zeros behind. */
struct https_name {
	u64 words[8];
	u64 port; /* 0: that of HTTPS */
};

struct https_host {
	u32 version; /* of the rules; others are not in force any more */
	u32 count;   /* of lines */
	u32 ruled;   /* 0: it has no rules */
	u32 unused;
	struct https_line lines[HTTPS_LINES];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct https_name);
	__type(value, struct https_host);
} https_hosts SEC(".maps");

/* 0: none is in force. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} https_version SEC(".maps");

static __always_inline struct https_host *https_host_of(const struct https_name *name)
{
	struct https_host *host = bpf_map_lookup_elem(&https_hosts, name);
	u32 zero = 0, *version = bpf_map_lookup_elem(&https_version, &zero);

	return host && version && *version && host->version == *version ? host : NULL;
}

/* Of a request's head, with its request line. */
#define HTTPS_HEAD 4096
/* Of a line and what it backs up. */
#define FIT_STEPS 4096
#define NO_STAR 0xffff

/* As struct reading is. */
struct fitting {
	u32 from;    /* of the path, in the data */
	u32 size;
	u32 line;
	u32 at;	     /* of the path */
	u32 resumes; /* where its last star has another byte */
	u16 part;    /* of the line's */
	u16 star;    /* its last star; NO_STAR: none yet */
	u16 methods;
	u8 begun; /* the line's method fits */
	u8 fits;
};

struct fitting_walk {
	struct fitting *fitting;
	struct https_host *host;
	char *data; /* HTTPS_HEAD bytes */
};

static __always_inline long next_line(struct fitting *f)
{
	f->line++;
	f->begun = 0;
	return 0;
}

static __always_inline u32 path_byte(const struct fitting_walk *walk, u32 at)
{
	const struct fitting *f = walk->fitting;

	return at < f->size ? (u8)walk->data[(f->from + at) & (HTTPS_HEAD - 1)] : 0;
}

/* One step of one line: a byte that fits, one more for its last star, or the next line. */
static long fit_step(u32 index, struct fitting_walk *walk)
{
	struct fitting *f = walk->fitting;
	struct https_line *line;
	u32 number = f->line, part, p, c;

	if (number >= walk->host->count || number >= HTTPS_LINES)
		return 1;
	line = &walk->host->lines[number];
	if (!f->begun) {
		if (!(line->methods & f->methods))
			return next_line(f);
		f->begun = 1;
		f->at = f->part = 0;
		f->star = NO_STAR;
	}
	c = path_byte(walk, f->at);
	part = f->part;
	p = part < line->length && part < HTTPS_PATH ? (u8)line->path[part] : 0;
	if (!p && (!c || (line->below && c == '/'))) {
		f->fits = 1;
		return 1;
	}
	if (p == '*') {
		f->star = part;
		f->part = part + 1;
		f->resumes = f->at;
		return 0;
	}
	if (p && p == c) {
		f->part = part + 1;
		f->at++;
		return 0;
	}
	c = path_byte(walk, f->resumes);
	if (f->star == NO_STAR || !c || c == '/')
		return next_line(f);
	f->at = ++f->resumes;
	f->part = f->star + 1;
	return 0;
}

/* Whether one of a host's lines allows a method and a path. */
static __always_inline bool is_allowed_request(struct https_host *host, struct fitting *f, u32 methods, char *data, u32 from, u32 to)
{
	struct fitting_walk walk = { .fitting = f, .host = host, .data = data };

	if (!host->ruled)
		return true;
	__builtin_memset(f, 0, sizeof(*f));
	f->from = from;
	f->size = to - from;
	f->methods = methods;
	bpf_loop(FIT_STEPS, fit_step, &walk, 0);
	return f->fits;
}
