/* SPDX-License-Identifier: Apache-2.0 */
/*
 * COUNT times: one UDP datagram on one socket, to the next of 64 addresses that nobody allows: they lie evenly among
 * SIZE allowed ones, which are every third from 198.18.0.0 on.
 */
#include "storm.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 100000;
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(443) };
	unsigned size = argc > 2 ? (unsigned)atoi(argv[2]) : 10;
	int s = socket(AF_INET, SOCK_DGRAM, 0), passed = 0;
	double since = now();
	for (int i = 0; i < count; i++) {
		unsigned at = (unsigned)((unsigned long long)(i % 64) * size / 64);
		to.sin_addr.s_addr = htonl(0xc6120000u + at * 3 + 1);
		passed += sendto(s, "x", 1, 0, (void *)&to, sizeof(to)) == 1;
	}
	if (passed)
		errx(1, "%d datagrams passed", passed);
	finish(since);
	return 0;
}
