/* SPDX-License-Identifier: Apache-2.0 */
/* Sends MEGABYTES over TCP to ADDRESS PORT and waits until the server has them all; `listen` as ADDRESS is that server. */
#include "storm.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char block[1 << 18];

static void serve(struct sockaddr_in *at)
{
	int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	at->sin_addr.s_addr = 0;
	if (bind(listener, (void *)at, sizeof(*at)) || listen(listener, 16))
		err(1, "listen");
	puts("ready");
	fflush(stdout);
	for (;;) {
		int s = accept(listener, NULL, NULL);
		while (read(s, block, sizeof(block)) > 0)
			;
		close(s);
	}
}

int main(int argc, char **argv)
{
	if (argc < 4)
		errx(1, "usage: stream ADDRESS|listen PORT MEGABYTES");
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(atoi(argv[2])) };
	if (!strcmp(argv[1], "listen"))
		serve(&at);
	inet_pton(AF_INET, argv[1], &at.sin_addr);
	int s = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(s, (void *)&at, sizeof(at)))
		err(1, "connect");
	double since = now();
	for (long left = atol(argv[3]) << 20; left > 0;) {
		ssize_t sent = write(s, block, left < (long)sizeof(block) ? (size_t)left : sizeof(block));
		if (sent <= 0)
			err(1, "write");
		left -= sent;
	}
	shutdown(s, SHUT_WR);
	while (read(s, block, sizeof(block)) > 0)
		;
	finish(since);
	return 0;
}
