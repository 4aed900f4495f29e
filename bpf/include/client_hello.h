/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-3-Clause) */
/* The ClientHello of TLS (RFC 8446 §4.1.2, the same in 1.0 to 1.3): its server name, and whether it hides another. */
#pragma once

#include "connect.h"
#include "first_bytes.h"

#define TLS_CHANGE_CIPHER_SPEC 0x14
#define TLS_ALERT 0x15
#define TLS_HANDSHAKE 0x16
#define TLS_APPLICATION_DATA 0x17
#define TLS_HEARTBEAT 0x18
#define TLS_CLIENT_HELLO 1
#define TLS_RECORD_HEADER 5
#define TLS_HANDSHAKE_HEADER 4

#define TLS_SERVER_NAME 0
/* Encrypted Client Hello (RFC 9849) and its drafts, and its forerunner ESNI. */
#define TLS_ECH 0xfe0d
#define TLS_ECH_DRAFTS 0xfe08
#define TLS_ESNI 0xffce

/* More extensions than any client sends; beyond, the hello counts as malformed. */
#define TLS_EXTENSIONS 128

/* Records without meaning in one segment, in front of a second hello. Servers skip some (OpenSSL: 32). */
#define TLS_SKIPPED 256

/* RFC 6066 §3: a list with one host name. Several entries are no client's. */
static __always_inline void read_server_name(struct first_bytes *bytes, u32 at, u32 size)
{
	u32 length;

	if (bytes->name_length || size < 5) {
		bytes->fault = REASON_MALFORMED_HELLO;
		return;
	}
	length = pair_at(bytes, at + 3);
	if (pair_at(bytes, at) != size - 2 || byte_at(bytes, at + 2) != 0 || length != size - 5 || length == 0 ||
	    length > 254) {
		bytes->fault = REASON_MALFORMED_HELLO;
		return;
	}
	bytes->name_at = at + 5;
	bytes->name_length = length;
}

static long read_extension(u32 index, struct walk *walk)
{
	struct first_bytes *bytes = walk->bytes;
	u32 at = bytes->at, type, size;

	if (at >= bytes->stop || bytes->fault)
		return 1;
	if (at + 4 > bytes->length) {
		bytes->fault = REASON_SPLIT_HELLO;
		return 1;
	}
	type = pair_at(bytes, at);
	size = pair_at(bytes, at + 2);
	at += 4;
	if (at + size > bytes->stop) {
		bytes->fault = REASON_MALFORMED_HELLO;
		return 1;
	}
	if (at + size > bytes->length) {
		bytes->fault = REASON_SPLIT_HELLO;
		return 1;
	}
	if (type == TLS_SERVER_NAME)
		read_server_name(bytes, at, size);
	if ((type >= TLS_ECH_DRAFTS && type <= TLS_ECH) || type == TLS_ESNI)
		bytes->encrypted = 1;
	bytes->at = at + size;
	return 0;
}

static long read_name_byte(u32 index, struct walk *walk)
{
	struct first_bytes *bytes = walk->bytes;

	if (!say(bytes, SAID_HOST, byte_at(bytes, bytes->name_at + index)))
		bytes->fault = REASON_MALFORMED_HELLO;
	return 0;
}

/* Finds the extensions: bytes->at and bytes->stop; or notes the fault. */
static __always_inline void find_extensions(struct first_bytes *bytes)
{
	u32 start = bytes->at, length = bytes->length, record, hello, at, end;

	if (start + TLS_RECORD_HEADER + TLS_HANDSHAKE_HEADER + 35 > length) {
		bytes->fault = REASON_SPLIT_HELLO;
		bytes->cut = 1;
		return;
	}
	record = pair_at(bytes, start + 3);
	at = start + TLS_RECORD_HEADER;
	hello = byte_at(bytes, at + 1) << 16 | pair_at(bytes, at + 2);
	if (hello + TLS_HANDSHAKE_HEADER > record) {
		/* The rest would be in another record. */
		bytes->fault = REASON_SPLIT_HELLO;
		return;
	}
	end = at + TLS_HANDSHAKE_HEADER + hello;
	bytes->cut = end > length;
	/* Version and random, then session, cipher suites and compression, each behind its length. */
	at += TLS_HANDSHAKE_HEADER + 34;
	at += 1 + byte_at(bytes, at);
	if (at + 2 > length) {
		bytes->fault = at + 2 > end ? REASON_MALFORMED_HELLO : REASON_SPLIT_HELLO;
		return;
	}
	at += 2 + pair_at(bytes, at);
	if (at + 1 > length) {
		bytes->fault = at + 1 > end ? REASON_MALFORMED_HELLO : REASON_SPLIT_HELLO;
		return;
	}
	at += 1 + byte_at(bytes, at);
	bytes->at = bytes->stop = at;
	if (at == end)
		return;
	if (at + 2 > length) {
		bytes->fault = at + 2 > end ? REASON_MALFORMED_HELLO : REASON_SPLIT_HELLO;
		return;
	}
	bytes->stop = at + 2 + pair_at(bytes, at);
	bytes->at = at + 2;
	if (bytes->stop != end)
		bytes->fault = REASON_MALFORMED_HELLO;
}

/* Skips a record that may stand before a second hello (RFC 8446 §5 and §D.4), with whatever length it says. */
static long skip_record(u32 index, struct walk *walk)
{
	struct first_bytes *bytes = walk->bytes;
	u32 at = bytes->at, type = byte_at(bytes, at);

	if (at + TLS_RECORD_HEADER > bytes->length || (type != TLS_CHANGE_CIPHER_SPEC && type != TLS_ALERT))
		return 1;
	bytes->at = at + TLS_RECORD_HEADER + pair_at(bytes, at + 3);
	return 0;
}

/* What comes behind the hello and such records, and is no second hello: with it the handshake is beyond that. */
static __always_inline bool is_beyond_hello(const struct first_bytes *bytes)
{
	u32 type = byte_at(bytes, bytes->at);

	return type == TLS_HANDSHAKE || type == TLS_APPLICATION_DATA;
}

/* Before the server has answered no client says a second hello; behind the first, it would not be looked at. */
static __always_inline bool says_another(struct first_bytes *bytes, struct walk *walk, u32 start)
{
	bytes->at = start + TLS_RECORD_HEADER + pair_at(bytes, start + 3);
	bpf_loop(TLS_SKIPPED, skip_record, walk, 0);
	if (bytes->at >= bytes->size)
		return false;
	if (bytes->at >= bytes->length || byte_at(bytes, bytes->at) != TLS_APPLICATION_DATA)
		return true;
	/* Data that does not wait for the answer. */
	bytes->complete = 1;
	return false;
}

/* TLS that does not begin with a hello, or the hello of SSL 2, which has no names. */
static __always_inline bool is_other_tls(const struct first_bytes *bytes)
{
	u32 first = byte_at(bytes, 0);

	if (first >= TLS_CHANGE_CIPHER_SPEC && first <= TLS_HEARTBEAT)
		return bytes->length < 2 || byte_at(bytes, 1) == 3;
	return first & 0x80 && bytes->length > 4 && byte_at(bytes, 2) == TLS_CLIENT_HELLO &&
	       (byte_at(bytes, 3) == 3 || pair_at(bytes, 3) == 2);
}

/* Reads the hello that begins at bytes->at. Not static: see packet.h. */
__noinline int read_client_hello(u32 index)
{
	struct first_bytes *bytes = place(index);
	struct walk walk = { .bytes = bytes };
	u32 start;

	if (!bytes)
		return -1;
	bytes->protocol = FIRST_TLS;
	start = bytes->at;
	find_extensions(bytes);
	if (!bytes->fault) {
		bpf_loop(TLS_EXTENSIONS, read_extension, &walk, 0);
		if (!bytes->fault && bytes->at < bytes->stop)
			bytes->fault = REASON_MALFORMED_HELLO;
	}
	if (bytes->name_length && bytes->name_length <= 254) {
		bpf_loop(bytes->name_length, read_name_byte, &walk, 0);
		end_said(bytes, SAID_HOST);
	}
	if (bytes->fault)
		return 0;
	if (says_another(bytes, &walk, start))
		bytes->fault = REASON_MALFORMED_HELLO;
	else if (bytes->encrypted)
		bytes->fault = REASON_ENCRYPTED_HELLO;
	else if (!bytes->names[SAID_HOST].length)
		bytes->fault = REASON_NO_SERVER_NAME;
	return 0;
}

/* Whether a hello begins there; sets bytes->at behind what may stand before it when it is a second one. */
static __always_inline bool is_client_hello(struct first_bytes *bytes)
{
	struct walk walk = { .bytes = bytes };
	u32 at;

	bytes->at = 0;
	if (bytes->retry)
		bpf_loop(TLS_SKIPPED, skip_record, &walk, 0);
	at = bytes->at;
	if (at >= bytes->length || byte_at(bytes, at) != TLS_HANDSHAKE)
		return false;
	if (at + 1 < bytes->length && byte_at(bytes, at + 1) != 3)
		return false;
	return at + TLS_RECORD_HEADER >= bytes->length || byte_at(bytes, at + TLS_RECORD_HEADER) == TLS_CLIENT_HELLO;
}
