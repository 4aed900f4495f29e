// SPDX-License-Identifier: Apache-2.0
/* Binds the port of DNS on this machine's own addresses, and says how that went. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static void say(const char *what, int result)
{
	printf("%s: %s\n", what, result == 0 ? "ok" : errno == EPERM ? "EPERM" : strerror(errno));
}

int main(void)
{
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(53), .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(53), .sin6_addr = IN6ADDR_LOOPBACK_INIT };

	say("udp 127.0.0.1", bind(socket(AF_INET, SOCK_DGRAM, 0), (void *)&four, sizeof(four)));
	say("tcp 127.0.0.1", bind(socket(AF_INET, SOCK_STREAM, 0), (void *)&four, sizeof(four)));
	say("udp ::1", bind(socket(AF_INET6, SOCK_DGRAM, 0), (void *)&six, sizeof(six)));
	return 0;
}
