// Answers on TCP and UDP, on every address of both families: "echo PORT…", or "say TEXT PORT…". Or "tell PORT…", which
// answers as echo does and tells what has come over TCP, a line of hexadecimal for each read.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct pollfd watched[1024];
static char kinds[1024];
static int count;

static void watch(int fd, char kind)
{
	if (count == 1024)
		exit(1);
	kinds[count] = kind;
	watched[count++] = (struct pollfd){ .fd = fd, .events = POLLIN };
}

static void listen_on(int type, int port)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int one = 1, fd = socket(AF_INET6, type, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (void *)&any, sizeof(any)) || (type == SOCK_STREAM && listen(fd, 1024)))
		exit(1);
	// Answers come from the address that was asked.
	setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof(one));
	watch(fd, type == SOCK_STREAM ? 'l' : 'u');
}

int main(int argc, char **argv)
{
	int tell = !strcmp(argv[1], "tell");
	const char *say = !strcmp(argv[1], "say") ? argv[2] : NULL;

	for (int i = say ? 3 : 2; i < argc; i++) {
		listen_on(SOCK_STREAM, atoi(argv[i]));
		listen_on(SOCK_DGRAM, atoi(argv[i]));
	}
	puts("open");
	fflush(stdout);
	for (;;) {
		poll(watched, count, -1);
		for (int i = count - 1; i >= 0; i--) {
			static char data[65536];
			struct sockaddr_storage from;
			char control[256];
			struct iovec part = { .iov_base = data, .iov_len = sizeof(data) };
			struct msghdr message = { .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &part,
						  .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
			int fd = watched[i].fd;

			if (!watched[i].revents)
				continue;
			if (kinds[i] == 'l') {
				watch(accept(fd, NULL, NULL), 't');
				continue;
			}
			long length = recvmsg(fd, &message, 0);
			if (length < 0 || (length == 0 && kinds[i] == 't')) {
				close(fd);
				watched[i] = watched[--count];
				kinds[i] = kinds[count];
				continue;
			}
			part.iov_len = length;
			for (long n = 0; tell && kinds[i] == 't' && n < length; n++)
				printf(n + 1 < length ? "%02x" : "%02x\n", (unsigned char)data[n]);
			fflush(stdout);
			if (say) {
				part.iov_base = (char *)say;
				part.iov_len = strlen(say);
			}
			sendmsg(fd, &message, MSG_NOSIGNAL);
		}
	}
}
