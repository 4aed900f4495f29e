/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/*
 * The head of an HTTP/1 request (RFC 9112): the host of its target, when it has one, and its Host field. Read as
 * leniently as servers do where that finds more hosts, and refused where they could find another than is seen here.
 */
#pragma once

#include "connect.h"
#include "first_bytes.h"

enum http_state {
	HTTP_START = 0,	 /* empty lines before the request */
	HTTP_METHOD,
	HTTP_TARGET,	 /* its first byte */
	HTTP_SCHEME,
	HTTP_AUTHORITY,
	HTTP_PORT,	 /* and, should an @ follow, what stood before it was none */
	HTTP_PATH,
	HTTP_VERSION,	 /* behind a blank: `HTTP/`, or `HTTP/2` as nothing that can be read */
	HTTP_VERSION_END, /* behind it, of what is in doubt */
	HTTP_REST,	 /* of a line that says nothing */
	HTTP_LINE,	 /* its first byte */
	HTTP_LAST,	 /* the line that ends the head */
	HTTP_FIELD,	 /* a field's name that is `host` so far */
	HTTP_VALUE_START,
	HTTP_VALUE,
	HTTP_VALUE_PORT,
	HTTP_VALUE_END,
	HTTP_NONE,	 /* no request */
	HTTP_SKIP,	 /* nor is what goes on with these letters */
	HTTP_INSIDE,	 /* of a line, where another may begin: a body ended there */
};

static __always_inline bool is_blank(u32 c)
{
	return c == ' ' || c == '\t';
}

static __always_inline bool is_control(u32 c)
{
	return (c < ' ' && c != '\t' && c != '\n') || c == 0x7f;
}

/* What parts the words of a request's line: RFC 9112 §3 has the first five, Python all. */
static __always_inline bool is_space(u32 c)
{
	return is_blank(c) || c == '\v' || c == '\f' || c == '\r' || (c >= 0x1c && c <= 0x1f) || c == 0x85 || c == 0xa0;
}

/* Behind `HTTP/`: some servers read numbers as leniently as their language does (`+1`, `0_1`). */
static __always_inline bool is_in_version(u32 c)
{
	return (c >= '+' && c <= '9') || c == '_';
}

/* RFC 9110 §5.6.2. */
static __always_inline bool is_token(u32 c)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
		return true;
	return c == '-' || c == '_' || c == '!' || (c >= '#' && c <= '\'') || c == '*' || c == '+' || c == '.' || c == '^' ||
	       c == '`' || c == '|' || c == '~';
}

/* The byte of `HTTP/` at an index; a string would lie in a map of its own. */
static __always_inline u32 version_byte(u32 index)
{
	return 0x2f50545448ULL >> ((index & 7) * 8) & 0xff;
}

static __always_inline u32 field_byte(u32 index)
{
	return 0x74736f68U >> ((index & 3) * 8) & 0xff;
}

/* CONNECT has its host where others have a path. */
static __always_inline u32 connect_byte(u32 index)
{
	return 0x5443454e4e4f43ULL >> ((index & 7) * 8) & 0xff;
}

/*
 * A byte as it is read. Of control characters, a CR without LF among them, nobody knows what a server makes of them; in what
 * turns out to be no request they are another protocol's.
 */
static __always_inline u32 doubted(struct first_bytes *bytes, u32 c)
{
	u8 state = bytes->state;

	if (!is_control(c) || (c == '\r' && state == HTTP_START))
		return c;
	if (state >= HTTP_VERSION_END && c == '\r') {
		if (bytes->at >= bytes->length || byte_at(bytes, bytes->at) == '\n')
			return c;
		c = '\n';
	}
	bytes->inside = 1;
	bytes->fault = REASON_HTTP_HOST;
	return c;
}

static __always_inline u8 after_request_byte(struct first_bytes *bytes, u32 c)
{
	switch (bytes->state) {
	case HTTP_START:
		if (c == '\r' || c == '\n')
			return HTTP_START;
		if (is_space(c)) {
			bytes->inside = 1;
			return HTTP_START;
		}
		bytes->connects = 1;
		bytes->matched = 0;
		/* fallthrough */
	case HTTP_METHOD:
		if (is_space(c) && bytes->matched) {
			if (bytes->matched != 7)
				bytes->connects = 0;
			bytes->matched = 0;
			return bytes->connects ? HTTP_AUTHORITY : HTTP_TARGET;
		}
		if (!is_token(c))
			return HTTP_NONE;
		if (bytes->matched >= 7 || connect_byte(bytes->matched) != c)
			bytes->connects = 0;
		/* Servers take methods of any length. */
		bytes->matched = bytes->matched < 8 ? bytes->matched + 1 : 8;
		return HTTP_METHOD;
	case HTTP_TARGET:
		if (is_space(c))
			return HTTP_TARGET;
		bytes->matched = 0;
		if (c == '/' || c == '*')
			return HTTP_PATH;
		/* fallthrough */
	case HTTP_SCHEME:
		/* `://`, counted by the two behind the colon. */
		if (bytes->matched == 0 && c == ':') {
			bytes->matched = 1;
			return HTTP_SCHEME;
		}
		if (bytes->matched && (c == '/' || c == '\\')) {
			bytes->matched++;
			return bytes->matched == 3 ? HTTP_AUTHORITY : HTTP_SCHEME;
		}
		if (bytes->matched || !is_token(c)) {
			bytes->matched = 0;
			return c == '\n' ? HTTP_NONE : is_space(c) ? HTTP_VERSION : HTTP_PATH;
		}
		return HTTP_SCHEME;
	case HTTP_AUTHORITY:
	case HTTP_PORT:
		if (c == '@') {
			unsay(bytes, SAID_TARGET);
			return HTTP_AUTHORITY;
		}
		bytes->matched = 0;
		if (c == '/' || c == '?' || c == '#' || c == '\\')
			return HTTP_PATH;
		if (is_space(c)) {
			/* Some take others for a part of the name, or for nothing. */
			if (c != ' ')
				bytes->fault = REASON_HTTP_HOST;
			return bytes->connects && !bytes->names[SAID_TARGET].length ? HTTP_AUTHORITY : HTTP_VERSION;
		}
		if (c == '\n')
			return HTTP_NONE;
		if (c == ':' || bytes->state == HTTP_PORT)
			return HTTP_PORT;
		if (!say(bytes, SAID_TARGET, c))
			bytes->fault = REASON_HTTP_HOST;
		return HTTP_AUTHORITY;
	case HTTP_PATH:
		bytes->matched = 0;
		return c == '\n' ? HTTP_NONE : is_space(c) ? HTTP_VERSION : HTTP_PATH;
	case HTTP_VERSION:
		if (c == '\n')
			return HTTP_NONE;
		if (bytes->matched < 5 && c == version_byte(bytes->matched)) {
			bytes->matched++;
			return HTTP_VERSION;
		}
		/* The preface of HTTP/2 without TLS (RFC 9113 §3.4): its hosts are compressed. */
		if (bytes->matched == 5 && c == '2') {
			bytes->protocol = FIRST_HTTP;
			bytes->fault = REASON_HTTP_HOST;
			bytes->complete = 1;
			return HTTP_NONE;
		}
		/* Bodies have words like `HTTP/HTTPS`. */
		if (bytes->matched == 5 && (is_in_version(c) || !(bytes->later || bytes->inside))) {
			if (bytes->inside)
				return HTTP_VERSION_END;
			bytes->protocol = FIRST_HTTP;
			return HTTP_REST;
		}
		bytes->matched = 0;
		return is_space(c) ? HTTP_VERSION : HTTP_PATH;
	case HTTP_VERSION_END:
		/* With the line it ends; in a body it is quoted, or a log has more behind it. */
		if (c == '\n') {
			bytes->protocol = FIRST_HTTP;
			return HTTP_LINE;
		}
		return is_space(c) || is_in_version(c) ? HTTP_VERSION_END : HTTP_NONE;
	default:
		return HTTP_NONE;
	}
}

/* Where the next request may begin, behind a byte that belongs to none. */
static __always_inline u8 after_no_request(struct first_bytes *bytes, u32 c)
{
	bytes->inside = c != '\n';
	return c == '\n' ? HTTP_START : is_token(c) ? HTTP_SKIP : HTTP_INSIDE;
}

static __always_inline u8 after_field_byte(struct first_bytes *bytes, u32 c)
{
	switch (bytes->state) {
	case HTTP_REST:
		return c == '\n' ? HTTP_LINE : HTTP_REST;
	case HTTP_LAST:
		if (c != '\n')
			return HTTP_REST;
		bytes->complete = 1;
		return HTTP_LAST;
	case HTTP_LINE:
		if (c == '\n')
			bytes->complete = 1;
		if (c == '\r' || c == '\n')
			return HTTP_LAST;
		/* A line that goes on with the one before: what that was is anybody's guess. */
		if (is_blank(c))
			bytes->fault = REASON_HTTP_HOST;
		bytes->matched = 0;
		/* fallthrough */
	case HTTP_FIELD:
		if (c == '\n')
			return HTTP_LINE;
		if (bytes->matched == 4) {
			if (is_blank(c))
				return HTTP_FIELD;
			if (c != ':')
				return HTTP_REST;
			/* What several Hosts mean differs from server to server (RFC 9112 §3.2 forbids them). */
			if (bytes->hosts++)
				bytes->fault = REASON_HTTP_HOST;
			return HTTP_VALUE_START;
		}
		if ((c | 0x20) != field_byte(bytes->matched))
			return HTTP_REST;
		bytes->matched++;
		return HTTP_FIELD;
	case HTTP_VALUE_START:
		if (is_blank(c))
			return HTTP_VALUE_START;
		/* fallthrough */
	case HTTP_VALUE:
		if (c == '\n')
			return HTTP_LINE;
		if (c == ':')
			return HTTP_VALUE_PORT;
		if (is_blank(c) || c == '\r')
			return HTTP_VALUE_END;
		if (c == '[') {
			/* IPv6. */
			return HTTP_VALUE_PORT;
		}
		if (bytes->hosts == 1 && !say(bytes, SAID_HOST, c))
			bytes->fault = REASON_HTTP_HOST;
		return HTTP_VALUE;
	case HTTP_VALUE_PORT:
		if (c == '\n')
			return HTTP_LINE;
		if (is_blank(c) || c == '\r')
			return HTTP_VALUE_END;
		/* Digits; or hexadecimal ones and colons in brackets. */
		if (!(c >= '0' && c <= ':') && !((c | 0x20) >= 'a' && (c | 0x20) <= 'f') && c != '.' && c != ']')
			bytes->fault = REASON_HTTP_HOST;
		return HTTP_VALUE_PORT;
	case HTTP_VALUE_END:
		if (c == '\n')
			return HTTP_LINE;
		if (!is_blank(c) && c != '\r')
			bytes->fault = REASON_HTTP_HOST;
		return HTTP_VALUE_END;
	default:
		return HTTP_NONE;
	}
}

static long read_request_byte(u32 index, struct walk *walk)
{
	struct first_bytes *bytes = walk->bytes;
	u32 c = byte_at(bytes, bytes->at);
	u8 state = bytes->state;

	if (bytes->at >= bytes->length)
		return 1;
	bytes->at++;
	if (state == HTTP_INSIDE && is_token(c))
		state = bytes->state = HTTP_START;
	if (state == HTTP_SKIP || state == HTTP_INSIDE) {
		state = after_no_request(bytes, c);
	} else {
		c = doubted(bytes, c);
		state = state < HTTP_REST ? after_request_byte(bytes, c) : after_field_byte(bytes, c);
	}
	if (state == HTTP_NONE && bytes->later && !bytes->complete) {
		unsay(bytes, SAID_TARGET);
		bytes->fault = 0;
		state = after_no_request(bytes, c);
	}
	bytes->state = state;
	return state == HTTP_NONE || bytes->complete;
}

/* A later request of which nothing but the beginning of its line is there so far, as it seems. */
static __always_inline bool is_cut_line(const struct first_bytes *bytes)
{
	return bytes->later && bytes->protocol == FIRST_OTHER && bytes->state >= HTTP_METHOD && bytes->state < HTTP_REST;
}

/* Reads the next request from bytes->at on; bytes->protocol says whether there is one. Not static: see packet.h. */
__noinline int read_request(u32 index)
{
	struct first_bytes *bytes = place(index);
	struct walk walk = { .bytes = bytes };

	if (!bytes)
		return -1;
	bytes->protocol = FIRST_OTHER;
	bytes->fault = 0;
	bytes->state = HTTP_START;
	bytes->inside = 0;
	bytes->matched = 0;
	bytes->hosts = 0;
	bytes->complete = 0;
	unsay(bytes, SAID_HOST);
	unsay(bytes, SAID_TARGET);
	bpf_loop(HEAD_ROOM, read_request_byte, &walk, 0);
	if (bytes->protocol != FIRST_HTTP)
		return 0;
	end_said(bytes, SAID_HOST);
	end_said(bytes, SAID_TARGET);
	if (bytes->fault)
		return 0;
	if (!bytes->complete) {
		bytes->fault = REASON_SPLIT_HELLO;
		bytes->cut = 1;
	}
	if (!bytes->fault && !bytes->names[SAID_HOST].length && !bytes->names[SAID_TARGET].length)
		bytes->fault = REASON_NO_SERVER_NAME;
	return 0;
}
