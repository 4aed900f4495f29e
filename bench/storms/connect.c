/* SPDX-License-Identifier: Apache-2.0 */
/* COUNT times: connect to ADDRESS over TCP, where this same program listens, accept and close. */
#include "storm.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 20000;
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(8443) };
	struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	int one = 1;
	inet_pton(AF_INET, argc > 2 ? argv[2] : "192.0.2.1", &to.sin_addr);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (void *)&to, sizeof(to)) || listen(listener, 128))
		err(1, "listen");
	double since = now();
	for (int i = 0; i < count; i++) {
		int s = socket(AF_INET, SOCK_STREAM, 0);
		if (connect(s, (void *)&to, sizeof(to)))
			err(1, "connect %d", i);
		int a = accept(listener, NULL, NULL);
		/* A reset leaves no port waiting. */
		setsockopt(s, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		close(s);
		close(a);
	}
	finish(since);
	return 0;
}
