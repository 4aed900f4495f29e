/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of libuv that the ring reader uses, declared here because the headers of Node-API do
 * not bring uv.h. These functions are libuv 1.x's stable ABI (uv_handle_type_name since 1.19);
 * the size of a handle is asked for at run time.
 */
#pragma once

#include <stddef.h>

struct uv_loop_s;
typedef struct uv_poll_s uv_poll_t;

#define LOOP_POLL_HANDLE 8 /* UV_POLL */
#define LOOP_READABLE 1	   /* UV_READABLE */

size_t uv_handle_size(int type);
const char *uv_handle_type_name(int type);
void *uv_handle_get_data(const uv_poll_t *handle);
void uv_handle_set_data(uv_poll_t *handle, void *data);
int uv_poll_init(struct uv_loop_s *loop, uv_poll_t *handle, int fd);
int uv_poll_start(uv_poll_t *handle, int events,
		  void (*callback)(uv_poll_t *handle, int status, int events));
void uv_close(uv_poll_t *handle, void (*callback)(uv_poll_t *handle));
void uv_ref(uv_poll_t *handle);
void uv_unref(uv_poll_t *handle);
