/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many TCP connections that all live at once.
 *   flows serve PORT                 gives back what comes on each of its connections
 *   flows keep ADDRESS PORT COUNT    opens COUNT, says "ready", and sends a byte over each and waits for it, round by
 *                                    round, until its standard input ends; then says how many rounds there were, and
 *                                    how many exchanges failed
 */
#include <arpa/inet.h>
#include <err.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static void serve(int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };
	int listener = socket(AF_INET, SOCK_STREAM, 0), events = epoll_create1(0), one = 1;
	struct epoll_event event = { .events = EPOLLIN, .data.fd = listener };
	char byte;

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (void *)&at, sizeof(at)) || listen(listener, 4096))
		err(1, "listen");
	epoll_ctl(events, EPOLL_CTL_ADD, listener, &event);
	puts("ready");
	fflush(stdout);
	while (epoll_wait(events, &event, 1, -1) == 1) {
		if (event.data.fd == listener) {
			struct epoll_event next = { .events = EPOLLIN };
			next.data.fd = accept(listener, NULL, NULL);
			if (next.data.fd < 0)
				err(1, "accept");
			epoll_ctl(events, EPOLL_CTL_ADD, next.data.fd, &next);
		} else if (read(event.data.fd, &byte, 1) != 1 || write(event.data.fd, &byte, 1) != 1) {
			close(event.data.fd);
		}
	}
}

static int ended(void)
{
	struct pollfd input = { .fd = 0, .events = POLLIN };
	return poll(&input, 1, 0) > 0;
}

static void keep(const char *address, int port, int count)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	/* Nothing is lost on the way: what takes longer was refused. */
	struct timeval patience = { .tv_sec = 20 };
	int *all = calloc(count, sizeof(int)), rounds = 0, failed = 0;
	char byte = 'x';

	inet_pton(AF_INET, address, &to.sin_addr);
	for (int i = 0; i < count; i++) {
		all[i] = socket(AF_INET, SOCK_STREAM, 0);
		if (all[i] < 0 || connect(all[i], (void *)&to, sizeof(to)))
			err(1, "connection %d", i);
		setsockopt(all[i], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	}
	puts("ready");
	fflush(stdout);
	do {
		for (int i = 0; i < count; i++)
			if (send(all[i], &byte, 1, MSG_NOSIGNAL) != 1)
				failed++;
		for (int i = 0; i < count; i++)
			if (read(all[i], &byte, 1) != 1)
				failed++;
		rounds++;
	} while (!ended());
	printf("%d rounds, %d failed\n", rounds, failed);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "serve"))
		serve(atoi(argv[2]));
	else if (argc == 5 && !strcmp(argv[1], "keep"))
		keep(argv[2], atoi(argv[3]), atoi(argv[4]));
	else
		errx(2, "see the head of flows.c");
	return 0;
}
