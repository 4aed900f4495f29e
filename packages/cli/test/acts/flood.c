// Floods of acts, each made exactly COUNT times:
//   flood processes COUNT          forks, each of which execs this program
//   flood opens COUNT              opens for writing, of 1,000 files in the current folder
//   flood connects COUNT ADDRESS   TCP connects to 200 ports of an IPv4 address
//   flood names COUNT ADDRESS ZONE DNS queries for that many names of a zone
// Prints how many were made; ends with 1 when one could not be made.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static int fail(const char *what)
{
	perror(what);
	return 1;
}

static int processes(long count, char *self)
{
	char *argv[] = { self, "nothing", NULL };
	long living = 0;
	for (long i = 0; i < count; i++) {
		pid_t child = vfork();
		if (child == 0) {
			execv(self, argv);
			_exit(1);
		}
		if (child < 0)
			return fail("fork");
		if (++living == 64 && wait(NULL) > 0)
			living--;
	}
	while (wait(NULL) > 0)
		;
	return 0;
}

static int opens(long count)
{
	char name[32];
	for (long i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "flood-%ld", i % 1000);
		int fd = open(name, O_WRONLY | O_CREAT, 0600);
		if (fd < 0)
			return fail("open");
		close(fd);
	}
	return 0;
}

static int connects(long count, const char *address)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = inet_addr(address) };
	for (long i = 0; i < count; i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);
		if (fd < 0)
			return fail("socket");
		to.sin_port = htons(10000 + i % 200);
		if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 || (errno != ECONNREFUSED && errno != EPERM))
			return fail("connect");
		close(fd);
	}
	return 0;
}

static int names(long count, const char *address, const char *zone)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(53), .sin_addr.s_addr = inet_addr(address) };
	struct timeval patience = { .tv_sec = 10 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
	    connect(fd, (struct sockaddr *)&to, sizeof(to)))
		return fail("socket");
	for (long i = 0; i < count; i++) {
		unsigned char query[512] = { i >> 8, i, 1, 0, 0, 1 }, reply[2048], *at = query + 12;
		char name[256], *rest = name, *label;
		snprintf(name, sizeof(name), "n%ld.%s", i, zone);
		while ((label = strsep(&rest, "."))) {
			size_t length = strlen(label);
			*at++ = length;
			memcpy(at, label, length);
			at += length;
		}
		memcpy(at, "\0\0\1\0\1", 5);
		if (send(fd, query, at + 5 - query, 0) < 0 || recv(fd, reply, sizeof(reply), 0) < 12)
			return fail("query");
	}
	return 0;
}

int main(int argc, char **argv)
{
	long count = argc > 2 ? atol(argv[2]) : 0;
	int failed = 1;
	if (argc < 3)
		return 0;
	if (!strcmp(argv[1], "processes"))
		failed = processes(count, argv[0]);
	else if (!strcmp(argv[1], "opens"))
		failed = opens(count);
	else if (!strcmp(argv[1], "connects") && argc == 4)
		failed = connects(count, argv[3]);
	else if (!strcmp(argv[1], "names") && argc == 5)
		failed = names(count, argv[3], argv[4]);
	if (!failed)
		printf("%s %ld\n", argv[1], count);
	return failed;
}
