/* SPDX-License-Identifier: Apache-2.0 */
/*
 * N-API binding to libbpf: what its files share.
 *
 * Every kernel resource lives behind a `struct handle`, which JavaScript holds as an external
 * value. A handle is released once: by close(), by the garbage collector, or when its
 * environment (the main thread or a worker) ends, whichever comes first.
 */
#pragma once

#define NAPI_VERSION 9
#define _GNU_SOURCE

#include <bpf/libbpf.h>
#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum handle_kind { HANDLE_OBJECT = 1, HANDLE_LINK, HANDLE_MAP, HANDLE_RING, HANDLE_UPROBES };

/* One per environment: a process has as many as it has workers that loaded the binding. */
struct addon {
	napi_env env;
	napi_ref fail; /* (step, code, errno, what, log) => Error */
	struct handle *live;
	napi_async_cleanup_hook_handle cleanup;
	unsigned int closing; /* libuv handles whose close callback has not run yet */
	bool ending;
};

struct handle {
	enum handle_kind kind;
	bool closed;
	struct addon *addon;
	struct handle *next, **prev;
	void (*release)(struct handle *);
	void (*destroy)(struct handle *); /* frees the memory; may put it off */
};

struct map {
	struct handle handle;
	int fd;
	uint32_t type, id, key_size, value_size, max_entries;
	size_t slot; /* bytes of one value in user space: all CPUs' for per-CPU maps */
	char name[16];
};

/* addon.c */
struct addon *addon_of(napi_env env);
napi_value handle_new(struct addon *addon, struct handle *handle);
void *handle_get(napi_env env, napi_value value, enum handle_kind kind);
void handle_close(struct handle *handle);
/* Throws the package's error; always returns NULL. `err` is a positive errno. */
napi_value fail(napi_env env, const char *step, const char *code, int err, const char *what,
		const char *log);
/* Reads exactly `count` arguments (missing ones are undefined). */
bool arguments(napi_env env, napi_callback_info info, size_t count, napi_value *values);
/* A string argument; NULL and an exception when it is none. Free it. */
char *text(napi_env env, napi_value value);
bool bytes(napi_env env, napi_value value, uint8_t **data, size_t *length);
bool is_undefined(napi_env env, napi_value value);
void set(napi_env env, napi_value object, const char *name, napi_value value);
napi_value number(napi_env env, double value);
napi_value string(napi_env env, const char *value);
napi_value undefined(napi_env env);

/* log.c: what libbpf and the verifier say, kept per thread and never printed. */
struct log {
	char *text;
	size_t used, room;
	bool debug; /* keep libbpf's debug lines too */
};
void log_install(void);
void log_begin(struct log *log, bool debug);
void log_end(void);
void log_keep(void); /* the same, and the text is the caller's */

/* map.c */
napi_value map_from_fd(napi_env env, int fd, const char *what);

/*
 * socket.c: calls `act` in the network namespace that the file stands for, in a thread; it returns 0 or an errno. False: it could
 * not, or did not return 0, and the exception is set.
 */
bool in_namespace(napi_env env, const char *path, int (*act)(void *argument), void *argument);

/* Functions of the binding. */
#define EXPORTED(X)                                                                                \
	X(open) X(disable) X(reuse) X(resize) X(global) X(makeMap) X(loadAhead) X(load) X(programs) X(objectMap)           \
	X(attach) X(multiUprobe) X(attachUprobes) X(closeUprobes) X(attachUplink) X(attachClassifier) X(classifier) X(detachClassifier) X(install) X(run) X(pin) X(detach) X(update) X(openLink) X(readIter)                                  \
	X(mapInfo) X(mapGet) X(mapSet) X(mapDelete) X(mapSetBatch) X(mapDeleteBatch) X(mapBatch)   \
	X(mapUsed)                                                                                 \
	X(mapNextKey) X(openMapId) X(openMapPin)                                                   \
	X(ringNew) X(ringDrain) X(ringLook) X(ringRef) X(connectFromCgroup) X(destroyTcpSocket) X(programsOn) X(isFirst) X(cgroupNamespace) X(bindIn) X(netnsCookie) X(peerOf) X(netlinkIn) X(netlinkRead) X(dropFilePages) X(refuseCoreDumps) X(openPath) X(keptStat) X(lockFile) X(copyAttributes)
#define DECLARE(name) napi_value js_##name(napi_env env, napi_callback_info info);
EXPORTED(DECLARE)
#undef DECLARE
